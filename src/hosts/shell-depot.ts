/** The depot as files and folders below a host's `path`, by shell scripts over any `Host`. */
import type { Depot, Pause, Running, Source } from './depot.ts'
import { endStepScript, ownsScript } from './fence.ts'
import { appendHistoryScript, appendMigrationScript, writeManifestScript } from './history.ts'
import type { Host } from './host.ts'
import { inspectScript, parseInspection } from './inspection.ts'
import { stepHosts } from './job.ts'
import { appendJournalScript } from './journal.ts'
import type { Layout } from './layout.ts'
import { defaultLimits, type Limit, type Limits } from './limits.ts'
import { hostLock } from './lock-place.ts'
import { ensureCommitScript, fetchScript, hasCommitScript, resolveScript } from './mirror.ts'
import { answerScript, parseAnswer, parsePause, pauseScript, readAnswerScript, readPauseScript } from './pause.ts'
import { activateScript, commandsScript, layOutScript, pruneScript, setupScript } from './release.ts'
import { type Doing, runScript } from './run-script.ts'
import { lackingScript, sharedFoldersScript, shareScript } from './sharing.ts'
import { lostToAnother, shellLock } from './shell-lock.ts'
import { measureScript, parseSizes } from './sizes.ts'

export function shellDepot(host: Host, layout: Layout, limits: Limits = defaultLimits): Depot {
  const { name } = host
  const stepHost = stepHosts(host, layout)
  const quick = (script: string, what: string): Promise<string> => stdoutOf(script, { what, ...limits.step })
  const change = async (script: string, what: string): Promise<void> => {
    await quick(script, what)
  }
  const stdoutOf = async (script: string, doing: Doing): Promise<string> =>
    (await runScript(host, script, doing)).stdout.trim()
  const waiting = (token: string): Promise<Pause | null> => pauseOf({ host, layout }, token, limits.step)
  return {
    inspect: async () => parseInspection(await quick(inspectScript(layout), `${name} could not be looked at`)),

    ...shellLock({ host, place: hostLock(layout), limit: limits.step, pauseOf: waiting }),
    assertOurs: async (token) => {
      const what = `${name}: the lock could not be read`
      if ((await quick(ownsScript(layout, token), what)) !== 'ours') throw lostToAnother(name)
    },
    guarded: (token) => {
      const guarded = stepHost(token)
      const depot = shellDepot(guarded, layout, limits)
      const lasting = shellDepot(stepHost(token, { isLasting: true }), layout, limits)
      const run: Depot['run'] = (commands, running) => (running.isLasting ? lasting : depot).run(commands, running)
      return { host: guarded, depot: { ...depot, run } }
    },
    endStep: async (token) =>
      (await quick(endStepScript(layout, token), `${name}: the step under way could not be ended`)) === 'goes on',

    setUp: (shared = []) =>
      change(`${setupScript(layout)}${sharedFoldersScript(layout, shared)}`, `${name}: the folders could not be made`),
    fetch: (source) => fetch({ host, layout }, source, limits.fetch),
    resolve: (ref) =>
      stdoutOf(resolveScript(layout, ref), {
        what: `the ref ${ref} does not resolve`,
        ...limits.step,
        code: 'git',
      }),
    hasCommit: async (sha) => (await host.run(hasCommitScript(layout, sha), limits.step)).code === 0,
    layOut: async (manifest) => {
      const { id, sha } = manifest
      const what = `${name} cannot have the commit ${sha}`
      await runScript(host, ensureCommitScript(layout, sha), { what, ...limits.fetch, code: 'git' })
      await runScript(host, layOutScript(layout, { id, sha }), {
        what: `${name}: the release could not be laid out`,
        ...limits.fetch,
      })
    },
    lacking: async (files) => {
      const said = await quick(lackingScript(layout, files), `${name}: the shared files could not be looked at`)
      const lines = said.split('\n')
      return files.filter((file) => lines.includes(file))
    },
    share: (release, sharing) =>
      change(shareScript(layout, release, sharing), `${name}: what is shared could not be put into the release`),
    run: async ({ directory, ...commands }, { what, ...running }: Running) => {
      const script = commandsScript({ ...commands, directory: directory ?? '.', layout })
      await runScript(host, script, { what: `${name}: ${what}`, ...running })
    },
    note: (manifest, entry) =>
      change(
        `${writeManifestScript(layout, manifest)}${entry === undefined ? '' : appendJournalScript(layout, entry)}`,
        `${name}: the state of ${manifest.id} could not be noted`,
      ),
    journal: (entry) => change(appendJournalScript(layout, entry), `${name}: the journal could not be written`),
    activate: (release) => change(activateScript(layout, release), `${name}: ${release} could not be activated`),
    remember: (entry) => change(appendHistoryScript(layout, entry), `${name}: the history could not be written`),
    noteMigration: (entry) =>
      change(appendMigrationScript(layout, entry), `${name}: what becomes of the migration could not be noted`),
    prune: async (keepIds) => {
      const what = `${name}: old releases could not be removed`
      await runScript(host, pruneScript(layout, keepIds), { what, ...limits.prune })
    },
    measure: async () => {
      const what = `${name}: the releases could not be measured`
      return parseSizes(await stdoutOf(measureScript(layout), { what, ...limits.prune }))
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

async function fetch({ host, layout }: Place, source: Source, limit: Limit): Promise<void> {
  await runScript(host, fetchScript(layout, source), {
    what: `${host.name} could not fetch ${source.repo}`,
    ...limit,
    code: 'git',
    hint: "Does that host's user have access, and know the git server's host key? Try `git ls-remote` there.",
  })
}

/** What the deploy of this token waits for. */
async function pauseOf({ host, layout }: Place, token: string, limit: Limit): Promise<Pause | null> {
  const { stdout } = await host.run(readPauseScript(layout), limit)
  const pause = parsePause(stdout)
  return pause?.token === token ? pause : null
}
