/** Before pm2 starts an app again, nothing that the app left behind may have its port. By templates/pm2/leftovers.cjs. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { ofHost, UserError } from '../errors.ts'
import type { CommandResult, Host } from '../hosts/host.ts'
import { quote } from '../hosts/shell.ts'
import type { Clearing } from './pm2-commands.ts'
import { type CallOnHost, type Listed, namesOf } from './pm2-look.ts'
import type { Activation } from './processes.ts'

/** What an app left may still be at its last work. Longer than pm2 itself gives anybody. */
const graceMs = 30_000
/** From the signal that asks to the one that does not, and from that to giving up. */
const endMs = 5_000
/** The rest of the time is for the commands. */
const graceShare = 0.5
const mark = 'zdr-port: '

export interface App {
  readonly processes: readonly Listed[]
  /** Names of those that pm2 is starting again and again. */
  readonly crashing: ReadonlySet<string>
  /** The port at which its health is asked; null: not known. */
  readonly port: number | null
}

/**
 * The calls that must look first: those with apps in fork mode, which listen themselves (of a cluster, pm2's daemon
 * does), and those with apps that are crashing, perhaps because their port is taken.
 */
export function findClearings(
  { processes, crashing, port }: App,
  calls: readonly CallOnHost[],
  { activation, timeoutMs }: { readonly activation: Activation; readonly timeoutMs: number },
): readonly Clearing[] {
  return calls.flatMap((onHost): readonly Clearing[] => {
    const names = namesOf(onHost)
    const mine = processes.filter(({ name, mode }) => names.includes(name) && (mode === forkMode || crashing.has(name)))
    if (mine.length === 0) return []
    const request = {
      pids: mine.flatMap(({ pid, mode }) => (pid > 0 && mode === forkMode ? [pid] : [])),
      port,
      isCrashing: mine.some(({ name }) => crashing.has(name)),
      base: posix.dirname(posix.dirname(activation.directory)),
      graceMs: Math.min(graceMs, timeoutMs * graceShare),
      endMs,
    }
    return [
      {
        call: onHost.call,
        names: [...new Set(mine.map(({ name }) => name))],
        isNeeded: `zdr_left=$(${run('find')} ${quote(JSON.stringify(request))} 2>/dev/null)`,
        wait: `${run('wait')} "$zdr_left"`,
      },
    ]
  })
}

const forkMode = 'fork_mode'

function run(what: 'find' | 'wait'): string {
  return `node -e "$zdr_leftovers" -- ${what}`
}

/** What the commands of clearings need to be told before. */
export function leftoversSource(): string {
  return `zdr_leftovers=${quote(readFileSync(new URL('../../templates/pm2/leftovers.cjs', import.meta.url), 'utf8'))}`
}

/** null: the commands failed for another reason. */
export function heldPortError({ name }: Host, { stderr }: CommandResult): UserError | null {
  const line = stderr.split('\n').findLast((text) => text.startsWith(mark))
  if (line === undefined) return null
  return new UserError('host-command', `${name}: ${line.slice(mark.length)}, and the app cannot be started beside it`, {
    hint: 'Look at what it is and what starts it, end it, and deploy again: the release is kept, and not built anew.',
    cause: ofHost,
  })
}
