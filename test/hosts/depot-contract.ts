/** What every depot promises, and every fake of one. */
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { Depot, Running } from '../../src/hosts/depot.ts'
import type { Manifest, MigrationEntry } from '../../src/hosts/history.ts'
import type { JournalEntry } from '../../src/hosts/journal.ts'
import { lockContract, ownerOf } from './lock-contract.ts'

export interface Opened {
  readonly depot: Depot
  /** Ends the connection, and what is held with it. */
  readonly close: () => Promise<void>
}

/** A host on which nothing is yet, and a repository. */
export interface DepotSubject {
  readonly repo: string
  /** Where its releases are. */
  readonly releases: string
  /** As the next deployer would have it. */
  readonly open: () => Opened
  /** A new commit, that the branch leads to from now on. Resolves with its full SHA. */
  readonly push: (branch: string) => Promise<string>
  readonly tag: (name: string, sha: string) => Promise<void>
  readonly close: () => Promise<void>
}

const quickly = { what: 'a command failed', timeoutMs: 60_000 }
const first = '20261121031500-aaaaaaa'
const second = '20261121031600-bbbbbbb'
const third = '20261121031700-ccccccc'

export function depotContract(name: string, make: () => Promise<DepotSubject>): void {
  describe(`${name} keeps a depot's promises`, () => {
    let subject: DepotSubject
    let depot: Depot
    let sha = ''
    const subjects: DepotSubject[] = []
    beforeEach(async () => {
      subject = await make()
      subjects.push(subject)
      depot = subject.open().depot
      sha = await subject.push('main')
    })
    afterAll(async () => {
      for (const each of subjects) await each.close()
    })
    const source = () => ({ repo: subject.repo, depth: null })
    const prepared = async (): Promise<void> => {
      await depot.setUp()
      await depot.fetch(source())
    }
    const released = async (...ids: readonly string[]): Promise<void> => {
      await prepared()
      for (const id of ids) {
        await depot.layOut({ id, sha })
        await depot.note(manifestOf(id, sha))
      }
    }

    it('finds nothing where nothing is, and leaves it so', async () => {
      const nothing = {
        current: { kind: 'none' },
        releases: [],
        manifests: [],
        history: [],
        migrations: [],
        journal: [],
        unreadable: [],
      }
      expect(await depot.inspect()).toEqual({
        ...nothing,
        freeBytes: expect.any(Number),
        freeInodes: expect.anything(),
      })
      expect(await depot.measure()).toEqual([])
      expect(await depot.lockOwner()).toBeNull()
      expect(await depot.paused()).toBeNull()
      expect(await depot.inspect()).toMatchObject(nothing)
    })

    it('makes the folders, and may be asked to again', async () => {
      await depot.setUp()
      await depot.setUp()
      expect((await depot.inspect()).freeBytes).toBeGreaterThan(0)
    })

    it('knows a commit by its branch, tag and SHA once it was fetched, and asks no network for what it has', async () => {
      await prepared()
      await subject.tag('v1', sha)
      expect(await depot.hasCommit(sha)).toBe(true)
      await expect(depot.resolve('v1')).rejects.toMatchObject({ code: 'git' })
      await depot.fetch(source())
      for (const ref of ['main', 'origin/main', 'refs/heads/main', 'v1', 'refs/tags/v1', sha, sha.slice(0, 10)])
        expect(await depot.resolve(ref), ref).toBe(sha)
    })

    it('follows a branch only when it fetches', async () => {
      await prepared()
      const later = await subject.push('main')
      expect(await depot.resolve('main')).toBe(sha)
      expect(await depot.hasCommit(later)).toBe(false)
      await depot.fetch(source())
      expect(await depot.resolve('main')).toBe(later)
      expect(await depot.hasCommit(later)).toBe(true)
    })

    it('resolves nothing that is no commit, or that could be two', async () => {
      await subject.push('twice')
      await subject.tag('twice', sha)
      await prepared()
      for (const ref of ['nowhere', 'twice', 'f'.repeat(40)])
        await expect(depot.resolve(ref), ref).rejects.toMatchObject({ code: 'git' })
    })

    it('lays a commit out as a release, and leaves one alone that is there', async () => {
      await prepared()
      await depot.layOut({ id: second, sha })
      await depot.layOut({ id: first, sha })
      await depot.layOut({ id: first, sha })
      expect(await depot.inspect()).toMatchObject({
        releases: [first, second],
        manifests: [],
        current: { kind: 'none' },
      })
    })

    it('has a commit that was pushed after it fetched', async () => {
      await prepared()
      const later = await subject.push('main')
      await depot.layOut({ id: first, sha: later })
      expect((await depot.inspect()).releases).toEqual([first])
    })

    it('does not lay out what the repository does not have, nor another commit under an id that is taken', async () => {
      await released(first)
      await expect(depot.layOut({ id: second, sha: 'f'.repeat(40) })).rejects.toMatchObject({ code: 'git' })
      const later = await subject.push('main')
      await expect(depot.layOut({ id: first, sha: later })).rejects.toMatchObject({ code: 'host-command' })
      expect((await depot.inspect()).releases).toEqual([first])
    })

    it('knows which shared files lack, and puts what is shared into a release once none does', async () => {
      await released(first)
      const paths = ['.env', 'uploads/', 'config/master.key']
      expect(await depot.lacking(['.env', 'config/master.key'])).toEqual(['.env', 'config/master.key'])
      await expect(depot.share(first, { paths, uploads: [] })).rejects.toMatchObject({ code: 'host-command' })
      const uploads = [{ to: '.env', content: Buffer.from('A=1') }]
      await expect(depot.share(first, { paths, uploads })).rejects.toMatchObject({ code: 'host-command' })
      const all = [...uploads, { to: 'config/master.key', content: Buffer.from('one') }]
      await depot.share(first, { paths, uploads: all })
      await depot.share(first, { paths, uploads: all })
      expect(await depot.lacking(['.env', 'config/master.key'])).toEqual(['.env', 'config/master.key'])
      await expect(depot.share(second, { paths, uploads: all })).rejects.toMatchObject({ code: 'host-command' })
    })

    it('runs commands one after another until one fails, and says what could not be done', async () => {
      await released(first)
      const heard: string[] = []
      const commands = ['echo one', 'echo two', 'false', 'echo three']
      const directory = `${subject.releases}/${first}`
      const running = depot.run({ directory, commands, env: {} }, { ...quickly, onLine: (line) => heard.push(line) })
      await expect(running).rejects.toMatchObject({
        code: 'host-command',
        message: expect.stringContaining('a command failed'),
      })
      expect(heard).toEqual(['one', 'two'])
      await depot.run({ directory: null, commands: ['echo one'], env: {} }, quickly)
      await expect(
        depot.run({ directory: `${subject.releases}/${second}`, commands: ['echo one'], env: {} }, quickly),
      ).rejects.toMatchObject({ code: 'host-command' })
    })

    it('ends commands when their time is over', async () => {
      await depot.setUp()
      const running = depot.run({ directory: null, commands: ['sleep 100'], env: {} }, { ...quickly, timeoutMs: 500 })
      await expect(running).rejects.toMatchObject({ code: 'host-command', message: expect.stringContaining('0.5 s') })
    })

    it('replaces a manifest as a whole', async () => {
      await released(first)
      const failed: Manifest = { ...manifestOf(first, sha), state: 'failed', reason: 'it does not answer' }
      await depot.note(failed)
      expect((await depot.inspect()).manifests).toEqual([failed])
      await depot.note(manifestOf(first, sha))
      expect((await depot.inspect()).manifests).toEqual([manifestOf(first, sha)])
    })

    it('points current at a release that is there, and at no other', async () => {
      await released(first, second)
      await depot.activate(first)
      await depot.activate(second)
      await depot.activate(second)
      expect((await depot.inspect()).current).toEqual({ kind: 'release', id: second })
      await expect(depot.activate(third)).rejects.toMatchObject({ code: 'host-command' })
      expect((await depot.inspect()).current).toEqual({ kind: 'release', id: second })
    })

    it('appends what was deployed and migrated, and once only', async () => {
      await depot.setUp()
      const entry = { at: '2026-11-21T03:15:00.000Z', release: first, sha, kind: 'deploy', by: 'ada@laptop' } as const
      const later = { ...entry, release: second }
      for (const each of [entry, entry, later, later]) await depot.remember(each)
      const begun = migrationOf(sha, 'started')
      for (const each of [begun, begun, migrationOf(sha, 'done')]) await depot.noteMigration(each)
      const { history, migrations } = await depot.inspect()
      expect(history).toEqual([entry, later])
      expect(migrations).toEqual([begun, migrationOf(sha, 'done')])
    })

    it('keeps a journal, with what is noted of releases in it, and writes nothing twice in a row', async () => {
      await depot.setUp()
      const [begun, prepared, ended] = entriesOf(sha)
      for (const each of [begun, begun]) await depot.journal(each)
      await depot.note(manifestOf(first, sha), prepared)
      await depot.note({ ...manifestOf(first, sha), state: 'failed', reason: 'it does not answer' })
      for (const each of [ended, ended]) await depot.journal(each)
      const { journal, manifests } = await depot.inspect()
      expect(journal).toEqual([begun, prepared, ended])
      expect(manifests).toMatchObject([{ id: first, state: 'failed' }])
    })

    it('prunes what is not kept with its manifest, and never what current points at', async () => {
      await released(first, second, third)
      await depot.activate(first)
      await depot.prune([third])
      await depot.prune([third])
      const { releases, manifests, current } = await depot.inspect()
      expect(releases).toEqual([first, third])
      expect(manifests.map(({ id }) => id).toSorted()).toEqual([first, third])
      expect(current).toEqual({ kind: 'release', id: first })
    })

    it('measures each release that is there, prepared to its end or not, and may be asked to again', async () => {
      await released(first, second)
      await depot.layOut({ id: third, sha })
      const size = { bytes: expect.any(Number), inodes: expect.any(Number) }
      for (let times = 0; times < 2; times += 1)
        expect(await depot.measure()).toEqual([first, second, third].map((release) => ({ release, ...size })))
      await depot.prune([second])
      const left = await depot.measure()
      expect(left).toEqual([{ release: second, ...size }])
      expect(left.every(({ bytes, inodes }) => bytes > 0 && inodes > 0)).toBe(true)
    })

    lockContract(() => {
      const { depot: lock, close } = subject.open()
      return { lock, close }
    })

    it('knows whose the lock is, also when its holder was cut off', async () => {
      const { depot: cut, close } = subject.open()
      await cut.lock(ownerOf('ada'), { isAgain: false })
      await close()
      await depot.assertOurs('ada')
      const held = await depot.lock(ownerOf('grace'), { isAgain: false })
      await expect(depot.assertOurs('ada')).rejects.toMatchObject({ code: 'locked' })
      await depot.assertOurs('grace')
      await held.letGo()
    })

    it('changes nothing for a deploy whose lock was taken away', async () => {
      await released(first, second)
      await depot.lock(ownerOf('ada'), { isAgain: false })
      await subject.open().depot.unlock(ownerOf('ada'))
      await expect(depot.guarded('ada').depot.activate(second)).rejects.toMatchObject({ code: 'locked' })
      await expect(depot.assertOurs('ada')).rejects.toMatchObject({ code: 'locked' })
    })

    it('changes nothing for a deploy that does not have the lock', async () => {
      await released(first, second)
      await depot.lock(ownerOf('grace'), { isAgain: false })
      const { depot: guarded } = depot.guarded('ada')
      for (const [what, change] of changes(guarded, { source: source(), sha }))
        await expect(change(), what).rejects.toMatchObject({ code: 'locked' })
      const untouched = { current: { kind: 'none' }, releases: [first, second], history: [], journal: [] }
      expect(await depot.inspect()).toMatchObject(untouched)
    })

    it('does it all for the deploy that has the lock', async () => {
      const lock = await depot.lock(ownerOf('ada'), { isAgain: false })
      const { depot: guarded } = depot.guarded('ada')
      for (const [, change] of changes(guarded, { source: source(), sha })) await change()
      expect((await depot.inspect()).current).toEqual({ kind: 'release', id: first })
      await lock.letGo()
    })

    it('takes one guarded step at a time', async () => {
      await released(first)
      await depot.lock(ownerOf('ada'), { isAgain: false })
      const { depot: guarded } = depot.guarded('ada')
      const ended: string[] = []
      const slow = guarded
        .run({ directory: null, commands: ['echo begun', 'sleep 1'], env: {} }, { ...quickly, onLine: () => begin() })
        .then(() => ended.push('slow'))
      let begin = (): void => {}
      await new Promise<void>((resolve) => {
        begin = resolve
      })
      await guarded.activate(first).then(() => ended.push('quick'))
      await slow
      expect(ended).toEqual(['slow', 'quick'])
    })

    it('ends the step of a deploy that is under way', async () => {
      await prepared()
      await depot.lock(ownerOf('ada'), { isAgain: false })
      const { depot: other } = subject.open()
      const slow = begin(depot.guarded('ada').depot, ['echo begun', 'sleep 300'])
      const ended = expect(slow.end).rejects.toMatchObject({ code: 'host-command' })
      await slow.begun
      expect(await other.endStep('ada')).toBe(false)
      await ended
      expect(await other.endStep('ada')).toBe(false)
    })

    it('but none of another deploy, nor one that is lasting, and says that this goes on', async () => {
      await prepared()
      await depot.lock(ownerOf('ada'), { isAgain: false })
      const lasting = begin(depot.guarded('ada').depot, ['echo begun', 'sleep 1'], { isLasting: true })
      await lasting.begun
      const { depot: other } = subject.open()
      expect(await other.endStep('grace')).toBe(false)
      expect(await other.endStep('ada')).toBe(true)
      await lasting.end
    })

    it('says that a deploy waits, and takes the answer that is meant for it', async () => {
      await depot.setUp()
      const pause = {
        token: 'ada',
        after: ['web-1'],
        since: '2026-11-21T03:15:00.000Z',
        until: '2026-11-21T04:15:00.000Z',
      }
      await depot.pause(pause)
      const { depot: other } = subject.open()
      expect(await other.paused()).toEqual(pause)
      expect(await depot.answered('ada')).toBeNull()
      await other.answer({ token: 'ada', answer: 'abort', by: 'grace@desk' })
      await other.answer({ token: 'ada', answer: 'resume', by: 'grace@desk' })
      expect(await depot.answered('ada')).toEqual({ token: 'ada', answer: 'resume', by: 'grace@desk' })
      expect(await depot.answered('another deploy')).toBeNull()
      await depot.pause(null)
      expect(await other.paused()).toBeNull()
      expect(await depot.answered('ada')).toBeNull()
    })
  })
}

/** `begun`: it has said its first line. */
function begin(
  depot: Depot,
  commands: readonly string[],
  more: Pick<Running, 'isLasting'> = {},
): { readonly begun: Promise<void>; readonly end: Promise<void> } {
  let begun = (): void => {}
  const hasBegun = new Promise<void>((resolve) => {
    begun = resolve
  })
  const end = depot.run({ directory: null, commands, env: {} }, { ...quickly, ...more, onLine: () => begun() })
  return { begun: hasBegun, end }
}

type Changes = readonly (readonly [what: string, change: () => Promise<void>])[]

/** All that a guarded depot guards, in an order in which it can be done. */
function changes(
  depot: Depot,
  { source, sha }: { readonly source: Parameters<Depot['fetch']>[0]; readonly sha: string },
): Changes {
  const pause = { token: 'ada', after: [], since: '2026-11-21T03:15:00.000Z', until: '2026-11-21T04:15:00.000Z' }
  const entry = { at: '2026-11-21T03:15:00.000Z', release: first, sha, kind: 'deploy', by: 'ada@laptop' } as const
  return [
    ['setUp', () => depot.setUp()],
    ['fetch', () => depot.fetch(source)],
    ['layOut', () => depot.layOut({ id: first, sha })],
    ['share', () => depot.share(first, { paths: ['uploads/'], uploads: [] })],
    ['run', () => depot.run({ directory: null, commands: ['echo one'], env: {} }, quickly)],
    ['note', () => depot.note(manifestOf(first, sha), entriesOf(sha)[1])],
    ['journal', () => depot.journal(entriesOf(sha)[0])],
    ['activate', () => depot.activate(first)],
    ['remember', () => depot.remember(entry)],
    ['noteMigration', () => depot.noteMigration(migrationOf(sha, 'started'))],
    ['prune', () => depot.prune([first])],
    ['measure', async () => void (await depot.measure())],
    ['pause', () => depot.pause(pause)],
  ]
}

function manifestOf(id: string, sha: string): Manifest {
  const at = '2026-11-21T03:15:00.000Z'
  const recipe = { prepare: ['npm ci'], activate: ['pm2 reload shop'], env: { PORT: '4000' } }
  return { id, sha, ref: 'main', state: 'prepared', at, ...recipe, environment: 'production', manager: 'pm2' }
}

function entriesOf(sha: string): readonly [JournalEntry, JournalEntry, JournalEntry] {
  const signed = { at: '2026-11-21T03:15:00.000Z', by: 'ada@laptop', token: 'ada' }
  return [
    { ...signed, event: 'begun', kind: 'deploy', release: first, sha, ref: 'main', from: null },
    { ...signed, event: 'prepared', release: first },
    { ...signed, event: 'ended', outcome: 'deployed', exitCode: 0 },
  ]
}

function migrationOf(sha: string, state: MigrationEntry['state']): MigrationEntry {
  return { at: '2026-11-21T03:15:00.000Z', run: 'ada', sha, command: 'npm run migrate', state, by: 'ada@laptop' }
}
