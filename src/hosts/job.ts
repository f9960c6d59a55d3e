/** Steps that change something on a host, each as a job there, which outlives the connection that it was begun on. */
import { randomUUID } from 'node:crypto'
import { type ErrorCode, type ErrorDetails, UserError } from '../errors.ts'
import type { OnLine } from './depot.ts'
import type { CommandResult, Host, RunOptions } from './host.ts'
import { isJobWord, type Job, type JobWord, jobExit, jobMark, jobScript } from './job-script.ts'
import type { Layout } from './layout.ts'
import { reserveKiB } from './lock-place.ts'
import { realTime, untilReached } from './reconnect.ts'
import { tellOnce } from './tell-once.ts'

/** A step of which no word was heard is tried for so long: a cut of some seconds is not felt. */
const unheardPatienceMs = 30_000
/** One that has begun, for as long as it may take, and no longer than this: then the host gives our lock up, and whoever takes it ends the step. */
const begunPatienceMs = 60_000
/** Where an earlier step of ours is still at work. At least, however short the step itself is. */
const waitMinMs = 30_000
/** From its last moment until we have heard of it. */
const lateMs = 20_000

export interface Lasting {
  /** Only its own time limit ends a step. */
  readonly isLasting: boolean
}

/** The host for the steps of the deploy of this token: `guarded` of the depot's port says what it promises. */
export function stepHosts(host: Host, layout: Layout): (token: string, lasting?: Lasting) => Host {
  const known: string[] = []
  const abandoned: string[] = []
  return (token, { isLasting } = { isLasting: false }) => ({
    ...host,
    run: async (script, options) => {
      if (options.stdin !== undefined) throw new Error('a step has no standard input')
      if (options.signal !== undefined) throw new Error('a step outlives whoever began it: `endStep` ends it')
      const id = randomUUID()
      const job = { id, token, script, isLasting, abandoned: [...abandoned] }
      const result = await runJob({ host, layout, job, known }, options).catch((error: unknown) => {
        abandoned.push(id)
        throw error
      })
      known.push(id)
      return resultOf({ name: host.name, zdr: layout.zdr }, id, result)
    },
  })
}

interface Step {
  readonly host: Host
  readonly layout: Layout
  readonly job: Pick<Job, 'id' | 'token' | 'script' | 'isLasting' | 'abandoned'>
  /** Emptied by whoever passes it on. */
  readonly known: string[]
}

function runJob({ host, layout, job, known }: Step, { timeoutMs, onLine }: RunOptions): Promise<CommandResult> {
  const waitMs = Math.max(timeoutMs, waitMinMs)
  const whole = { ...job, timeoutMs, waitMs, known: known.splice(0) }
  const listen = tellOnce(onLine ?? (() => {}))
  let hasBegun = false
  let wasHeard = false
  const unmarked =
    (told: OnLine): OnLine =>
    (line, stream) => {
      const isOurs = stream === 'stderr' && line.startsWith(jobMark(job))
      if (!isOurs) return told(line, stream)
      hasBegun = true
      wasHeard = true
    }
  return untilReached(realTime, {
    ask: (sinceMs) => {
      wasHeard = false
      const limits = { timeoutMs: waitMs + timeoutMs + lateMs, onLine: unmarked(listen()) }
      return host.run(jobScript(layout, { ...whole, sinceMs }), limits)
    },
    wasHeard: () => wasHeard,
    patienceMs: () =>
      hasBegun ? Math.max(unheardPatienceMs, Math.min(timeoutMs, begunPatienceMs)) : unheardPatienceMs,
  })
}

/** Of a host, what its messages name. */
interface Place extends Pick<Layout, 'zdr'> {
  readonly name: string
}

/** As if it had run on the connection. */
function resultOf({ name, zdr }: Place, id: string, result: CommandResult): CommandResult {
  const mark = jobMark({ id })
  const lines = result.stderr.split('\n')
  const said = lines.findLast((line) => line.startsWith(mark))?.slice(mark.length + 1) ?? ''
  const plain = { ...result, stderr: lines.filter((line) => !line.startsWith(mark)).join('\n') }
  if (result.code !== jobExit || !isJobWord(said)) return plain
  if (said === 'late') return { ...plain, code: null, timedOut: true }
  throw refusal({ name, zdr }, said, plain.stderr)
}

function notBegun(code: ErrorCode, message: string, details: Pick<ErrorDetails, 'hint' | 'output'> = {}): UserError {
  return new UserError(code, message, { ...details, cause: { isBegun: false } })
}

/** True of the error of a step that certainly never began. */
export function isNotBegun(error: unknown): boolean {
  if (!(error instanceof UserError)) return false
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'isBegun' in cause && cause.isBegun === false
}

function refusal({ name, zdr }: Place, word: Exclude<JobWord, 'late'>, output: string): UserError {
  switch (word) {
    case 'lost':
      return notBegun('locked', `${name}: another deploy has taken over the lock, or the lock was removed`)
    case 'busy':
      return notBegun('host-command', `${name}: an earlier step, whose connection was lost, is still running there`)
    case 'foreign':
      return notBegun(
        'locked',
        `${name}: a step of the deploy before, which is not ended half-way (a migration), is still running there`,
        { hint: 'Nothing was changed. It ends by itself, within its time limit: run the same again then.' },
      )
    case 'full':
      return notBegun(
        'host-command',
        `${name}: that a step begins could not be written down there, so it was not begun`,
        {
          hint: `Is its disk full? ${reserveKiB} KiB free in ${zdr} are enough to go back.`,
          output,
        },
      )
    case 'taken':
      return new UserError('locked', `${name}: another deploy has taken over the lock, and ended the step under way`)
    case 'gone':
      return new UserError(
        'host-unreachable',
        `${name}: how the step ended cannot be told: the machine was started anew, or what runs steps there was killed`,
      )
  }
}
