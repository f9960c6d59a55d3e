import type { BatchSize, Size } from '../rollout/policy.ts'
import { invalid, kindOf, type Parsed, unknownKey, valid } from './problem.ts'
import { isObject } from './section.ts'

/** `batch` as written: one size for all batches, or a list of sizes, of which the last repeats. */
export interface BatchPattern {
  readonly kind: 'one' | 'list'
  readonly sizes: readonly BatchSize[]
}

export interface BatchProblem {
  /** Of the list's item; null: the value itself. */
  readonly index: number | null
  readonly text: string
}

const wholePercent = 100
export const batchKeys = ['size', 'pause'] as const

/** A number of hosts, or a share of the fleet: `2`, `'25%'`. */
export function parseSize(raw: unknown, least: number): Parsed<Size> {
  if (typeof raw === 'number' && Number.isInteger(raw)) {
    return raw >= least ? valid({ hosts: raw }) : invalid(`is ${raw}: it must be at least ${least}`)
  }
  const share = typeof raw === 'string' ? /^(-?\d+(?:\.\d+)?)\s*%$/.exec(raw.trim()) : null
  const percent = Number(share?.[1])
  if (share === null) {
    return invalid(`must be a whole number of hosts, or a share of them such as \`25%\`, not ${kindOf(raw)}`)
  }
  return Number.isInteger(percent) && percent >= least && percent <= wholePercent
    ? valid({ percent })
    : invalid(`is ${share[0]}: it must be a whole percentage from ${least}% to ${wholePercent}%`)
}

/** A size, or a list of them; in place of a size also `{ size, pause }`. All problems at once. */
export function parseBatches(raw: unknown): BatchPattern | { readonly problems: readonly BatchProblem[] } {
  if (!Array.isArray(raw)) {
    const batch = parseBatch(raw)
    return batch.ok ? { kind: 'one', sizes: [batch.value] } : { problems: [{ index: null, text: batch.problem }] }
  }
  if (raw.length === 0)
    return { problems: [{ index: null, text: 'is empty: write at least one size, or take it out' }] }
  const batches = raw.map(parseBatch)
  const problems = batches.flatMap((batch, index) => (batch.ok ? [] : [{ index, text: batch.problem }]))
  return problems.length > 0
    ? { problems }
    : { kind: 'list', sizes: batches.flatMap((batch) => (batch.ok ? [batch.value] : [])) }
}

function parseBatch(raw: unknown): Parsed<BatchSize> {
  if (!isObject(raw)) {
    const size = parseSize(raw, 1)
    return size.ok ? valid({ size: size.value, pause: false }) : size
  }
  const stranger = Object.keys(raw).find((key) => !(batchKeys as readonly string[]).includes(key))
  if (stranger !== undefined) return invalid(`has \`${stranger}\`, which ${unknownKey(stranger, batchKeys)}`)
  if (!Object.hasOwn(raw, 'size')) return invalid('has no `size`: write `{ size: 1, pause: true }`, or the size alone')
  const { size: written, pause = false } = raw
  const size = parseSize(written, 1)
  if (!size.ok) return invalid(`has a \`size\` that ${size.problem}`)
  return typeof pause === 'boolean'
    ? valid({ size: size.value, pause })
    : invalid(`has a \`pause\` that must be true or false, not ${kindOf(pause)}`)
}
