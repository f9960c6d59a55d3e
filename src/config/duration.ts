import { invalid, type Parsed, valid } from './problem.ts'

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A day. Also keeps every duration below what a timer can hold (2^31 - 1 ms). */
const longestMs = 24 * 3_600_000

/**
 * `30s`, `500ms`, `2m`, `1.5s`, `1h` as milliseconds. A bare number is refused: half of its readers take it for
 * seconds and half for milliseconds.
 */
export function parseDuration(raw: unknown): Parsed<number> {
  if (typeof raw === 'number' || (typeof raw === 'string' && /^\d+$/.test(raw.trim()))) {
    return invalid(`needs a unit: \`${raw}s\` for seconds, \`${raw}ms\` for milliseconds`)
  }
  const match = typeof raw === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(raw.trim()) : null
  const unit = unitMs[match?.[2] ?? '']
  if (match === null || unit === undefined) return invalid('must be a duration such as `30s`, `500ms` or `2m`')
  const milliseconds = Math.round(Number(match[1]) * unit)
  return milliseconds > longestMs ? invalid('is longer than a day: write at most `24h`') : valid(milliseconds)
}
