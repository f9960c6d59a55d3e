import { defaultLimits, type Limit, type Limits } from '../hosts/limits.ts'
import type { Check } from './check.ts'
import { invalid, type Parsed, valid } from './problem.ts'
import type { timeoutsShape } from './schema.ts'
import { readSection, type Section } from './section.ts'

const leastMs = 1_000

/** Below a second it is a slip of the pen (`20ms` for `20m`): no step over SSH is surely done by then. */
export function parseLimit(milliseconds: number): Parsed<number> {
  return milliseconds < leastMs ? invalid('is too short for any step: write at least `1s`') : valid(milliseconds)
}

/** What `ssh_options` says of the connection holds where `timeouts` says nothing of it. */
export function checkTimeouts({ raw, block, path, problems, schemas }: Check): Limits {
  const at = [...path, 'timeouts']
  const section =
    raw.timeouts === undefined ? {} : readSection(raw.timeouts, schemas.timeoutsShape, { path: at, problems })
  const limits = limitsOf(section)
  const timeoutMs = block.ssh_options?.connectTimeoutMs
  return timeoutMs === undefined || section.connect !== undefined
    ? limits
    : { ...limits, connect: { timeoutMs, setBy: 'ssh_options: ConnectTimeout' } }
}

/** Each key by itself: what is not written has its default. */
function limitsOf(section: Section<typeof timeoutsShape>): Limits {
  const written = (key: keyof Limits): Limit => {
    const standard = defaultLimits[key]
    return { ...standard, timeoutMs: section[key] ?? standard.timeoutMs }
  }
  return {
    connect: written('connect'),
    fetch: written('fetch'),
    prepare: written('prepare'),
    migrate: written('migrate'),
    reload: written('reload'),
    confirm: written('confirm'),
    prune: written('prune'),
    step: written('step'),
  }
}
