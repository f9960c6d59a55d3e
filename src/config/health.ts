import { invalid, type Parsed, valid } from './problem.ts'
import type { healthShape } from './schema.ts'
import type { Section } from './section.ts'
import type { HealthConfig } from './types.ts'

export interface HealthUrl {
  readonly url: string
  readonly port: number
}

const defaults = { timeoutMs: 5000, passes: 2, intervalMs: 250, stableMs: 3000, startMs: 30_000 }

/** Asked on the host itself, so `localhost` in it is the host. */
export function parseHealthUrl(raw: unknown): Parsed<HealthUrl> {
  const written = typeof raw === 'string' ? raw.trim() : ''
  const url =
    /^https?:\/\/[^\s/]/i.test(written) && !/\s/.test(written) && URL.canParse(written) ? new URL(written) : null
  if (url === null) return invalid('must be a URL that the host can ask itself: `http://localhost:4000/health`')
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return port === 0 ? invalid('has port 0: name the port at which the app listens') : valid({ url: written, port })
}

/** null where there is no health check. */
export function healthConfig(section: Section<typeof healthShape> | undefined): HealthConfig | null {
  if (section?.url === undefined) return null
  return {
    url: section.url.url,
    statuses: section.status ?? null,
    timeoutMs: section.timeout ?? defaults.timeoutMs,
    passes: section.passes ?? defaults.passes,
    intervalMs: section.interval ?? defaults.intervalMs,
    stableMs: section.stable ?? defaults.stableMs,
    startMs: section.start ?? defaults.startMs,
  }
}
