/** The depot as files and folders below a host's `path`, by shell scripts over any `Host`. */
import { UserError } from '../errors.ts'
import type { Depot, Running, Source } from './depot.ts'
import { appendHistoryScript, appendMigrationScript, writeManifestScript } from './history.ts'
import type { CommandResult, Host } from './host.ts'
import { inspectScript, parseInspection } from './inspection.ts'
import type { Layout } from './layout.ts'
import { fencedScript, guardScript, lockLost, parseLockOwner, readLockScript } from './lock.ts'
import { ensureCommitScript, fetchScript, hasCommitScript, resolveScript } from './mirror.ts'
import { answerScript, parseAnswer, parsePause, pauseScript, readAnswerScript, readPauseScript } from './pause.ts'
import { activateScript, commandsScript, layOutScript, pruneScript, setupScript } from './release.ts'
import { type Doing, runScript } from './run-script.ts'
import { holdLock, lostToAnother } from './shell-lock.ts'

const quickTimeoutMs = 30_000
/** A first clone of a large repository over a slow line. */
const fetchTimeoutMs = 10 * 60_000
/** Removing some 100,000 small files. */
const pruneTimeoutMs = 5 * 60_000

export function shellDepot(host: Host, layout: Layout): Depot {
  const { name } = host
  const quick = (script: string, what: string): Promise<string> => stdoutOf(script, { what, timeoutMs: quickTimeoutMs })
  const change = async (script: string, what: string): Promise<void> => {
    await quick(script, what)
  }
  const stdoutOf = async (script: string, doing: Doing): Promise<string> =>
    (await runScript(host, script, doing)).stdout.trim()
  return {
    inspect: async () => parseInspection(await quick(inspectScript(layout), `${name} could not be looked at`)),

    lock: (owner, { isAgain }) => holdLock({ host, layout }, { owner, isAgain }),
    lockOwner: async () => {
      const line = await quick(readLockScript(layout), `${name}: the lock could not be read`)
      return line === '' ? null : (parseLockOwner(line) ?? namelessOwner)
    },
    assertOurs: async (token) => {
      const { code } = await host.run(guardScript(layout, token), { timeoutMs: quickTimeoutMs })
      if (code === lockLost) throw lostToAnother(name)
      if (code !== 0) throw new UserError('host-command', `${name}: the lock could not be read`)
    },
    guarded: (token) => {
      const guarded: Host = {
        ...host,
        run: async (script, options) => {
          const result = await host.run(fencedScript(layout, token, script), options)
          refuseFenced(name, result, fencedScript(layout, token, ''))
          return result
        },
      }
      return { host: guarded, depot: shellDepot(guarded, layout) }
    },

    setUp: () => change(setupScript(layout), `${name}: the folders could not be made`),
    fetch: (source) => fetch({ host, layout }, source),
    resolve: (ref) =>
      stdoutOf(resolveScript(layout, ref), {
        what: `the ref ${ref} does not resolve`,
        timeoutMs: quickTimeoutMs,
        code: 'git',
      }),
    hasCommit: async (sha) => (await host.run(hasCommitScript(layout, sha), { timeoutMs: quickTimeoutMs })).code === 0,
    layOut: async (manifest) => {
      const { id, sha } = manifest
      const what = `${name} cannot have the commit ${sha}`
      await runScript(host, ensureCommitScript(layout, sha), { what, timeoutMs: fetchTimeoutMs, code: 'git' })
      await runScript(host, layOutScript(layout, { id, sha }), {
        what: `${name}: the release could not be laid out`,
        timeoutMs: fetchTimeoutMs,
      })
    },
    run: async ({ directory, commands, env }, { what, timeoutMs, onLine }: Running) => {
      const script = commandsScript({ directory: directory ?? '.', commands, env, layout })
      const doing = { what: `${name}: ${what}`, timeoutMs }
      await runScript(host, script, onLine === undefined ? doing : { ...doing, onLine })
    },
    note: (manifest) =>
      change(writeManifestScript(layout, manifest), `${name}: the state of ${manifest.id} could not be noted`),
    activate: (release) => change(activateScript(layout, release), `${name}: ${release} could not be activated`),
    remember: (entry) => change(appendHistoryScript(layout, entry), `${name}: the history could not be written`),
    noteMigration: (entry) =>
      change(appendMigrationScript(layout, entry), `${name}: what becomes of the migration could not be noted`),
    prune: async (keepIds) => {
      const what = `${name}: old releases could not be removed`
      await runScript(host, pruneScript(layout, keepIds), { what, timeoutMs: pruneTimeoutMs })
    },

    pause: (asked) => change(pauseScript(layout, asked), `${name}: that the deploy waits could not be noted`),
    paused: async () => parsePause(await quick(readPauseScript(layout), `${name}: no word of a pause`)),
    answer: (given) => change(answerScript(layout, given), `${name}: the answer could not be left`),
    answered: async (token) => {
      const given = parseAnswer(await quick(readAnswerScript(layout), `${name}: no word of an answer`))
      return given?.token === token ? given : null
    },
  }
}

interface Place {
  readonly host: Host
  readonly layout: Layout
}

async function fetch({ host, layout }: Place, source: Source): Promise<void> {
  await runScript(host, fetchScript(layout, source), {
    what: `${host.name} could not fetch ${source.repo}`,
    timeoutMs: fetchTimeoutMs,
    code: 'git',
    hint: "Does that host's user have access, and know the git server's host key? Try `git ls-remote` there.",
  })
}

/** The fence's own words tell it from a command that happens to end with the same status. */
function refuseFenced(name: string, { code, stderr }: CommandResult, fence: string): void {
  const said = stderr.trim().split('\n').at(-1) ?? ''
  if (code === lockLost && said !== '' && fence.includes(said)) throw new UserError('locked', `${name}: ${said}`)
}

/** It holds the lock, and has not said who it is. */
const namelessOwner = { token: '', by: 'somebody', pid: 0, since: 'an unknown time', command: 'another deploy' }
