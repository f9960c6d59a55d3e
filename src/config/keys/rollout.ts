/** The keys of `rollout` and `timeouts`. */
import type { Limits } from '../../hosts/limits.ts'
import type { batchKeys } from '../batch.ts'
import type { rolloutShape } from '../schema.ts'
import { duration, hosts, oneOf, yes } from './forms.ts'
import type { Key } from './key.ts'

const itemKeys = {
  size: { meaning: 'how many hosts, or which share of them', form: hosts(1), examples: [1, '25%'] },
  pause: { meaning: 'waits for a yes behind this batch', form: yes, default: false, examples: [true] },
} satisfies Readonly<Record<(typeof batchKeys)[number], Key>>

export const rolloutKeys = {
  batch: {
    meaning:
      'how many hosts are out at the same time: a number, a percentage, or a list of them, of which the last repeats. `{ size: 1, pause: true }` waits for a yes',
    form: hosts(1),
    section: { name: 'Batch', keys: itemKeys, needs: ['size'] },
    listOf: 1,
    default: 1,
    examples: [2, [1, '25%'], [{ size: 1, pause: true }, 2]],
  },
  'min-serving': {
    meaning: 'how many must serve at every moment: a number or a percentage',
    form: hosts(0),
    without: 'hosts − batch, at least 1; for one host 0',
    examples: [2, '60%'],
  },
  soak: {
    meaning: 'how long a batch must stay healthy in rotation before the next; `0s` for not at all',
    form: duration,
    default: '0s',
    examples: ['5m'],
  },
  'pause-timeout': {
    meaning: 'how long a pause waits for its answer',
    form: duration,
    default: '1h',
    examples: ['10m'],
  },
  'on-failure': {
    meaning: '`rollback`: hosts that were updated go back too; `stop`: they stay',
    form: oneOf('rollback', 'stop'),
    default: 'rollback',
    examples: ['stop'],
  },
  'drain-timeout': {
    meaning: 'how long running requests may take to end',
    form: duration,
    default: '60s',
    examples: ['2m'],
  },
  'on-drain-timeout': {
    meaning: '`fail`: the host is put back, and the deploy fails; `continue`: what is left is cut',
    form: oneOf('fail', 'continue'),
    default: 'fail',
    examples: ['continue'],
  },
} satisfies Readonly<Record<keyof typeof rolloutShape, Key>>

export const timeoutsKeys = {
  connect: limit('time for connecting to each machine and those on the way, and from the balancer to a host', '15s'),
  fetch: limit('time for fetching, and laying a release out', '10m'),
  prepare: limit('time for hooks (on your machine too), install and build beside the running app', '20m'),
  migrate: limit('time for the migration', '20m'),
  reload: limit('time for the commands while a host is out', '5m'),
  confirm: limit('time until the balancer gets a healthy answer from a host', '20s'),
  prune: limit('time for removing old releases', '5m'),
  step: limit('time for any other step, on a host or on a machine of the balancer', '30s'),
} satisfies Readonly<Record<keyof Limits, Key>>

function limit(meaning: string, standard: string): Key {
  return { meaning, form: duration, default: standard, examples: ['1m'] }
}
