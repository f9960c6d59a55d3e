/** Real flock, in a real shell. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HeldCommand, Host } from '../../src/hosts/host.ts'
import { layout } from '../../src/hosts/layout.ts'
import type { LockOwner } from '../../src/hosts/lock.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { localHost } from '../balancers/local-host.ts'

const timeoutMs = 10_000
const since = '2026-11-21T03:15:00Z'
const owner = (by: string): LockOwner => ({ token: `token of ${by}`, by, pid: 7, since, command: 'deploy production' })
const ada = owner('ada@laptop')

function place(change: (host: Host) => Partial<Host> = () => ({})) {
  const base = mkdtempSync(join(tmpdir(), 'zdr-hold-'))
  const local = localHost('a')
  onTestFinished(async () => {
    await local.close()
    rmSync(base, { recursive: true })
  })
  const host = { ...local, ...change(local) }
  return { host, layout: layout(base), depot: shellDepot(host, layout(base)) }
}

/** Which process holds it, and when it was heard of last, in seconds since the machine started. */
function holderOf(lock: string) {
  const text = readFileSync(`${lock}.holder`, 'utf8')
  const [pid = 0, started = 0, heard = 0] = text.split(' ').map(Number)
  if (pid < 2) throw new Error(`no process holds it: ${text}`)
  return { pid, started, heard, text }
}

function heardOf(lock: string, seconds: number): void {
  const { pid, started, heard } = holderOf(lock)
  writeFileSync(`${lock}.holder`, `${pid} ${started} ${`${heard + seconds}`.padEnd(10)}\n`)
}

test('a machine without flock is refused: nothing would keep two deploys apart', async () => {
  const on = place((host) => ({ hold: (script) => host.hold(`command() { false; }\n${script}`) }))
  await expect(on.depot.lock(ada, { isAgain: false })).rejects.toMatchObject({
    code: 'preflight',
    hint: expect.stringContaining('util-linux'),
  })
})

test('a command that says nothing is let go: it might get the lock when nobody waits for it any more', async () => {
  let isReleased = false
  const silent: HeldCommand = {
    write: () => undefined,
    nextLine: () => Promise.reject(new Error('said nothing for 20 s')),
    ended: new Promise(() => undefined),
    release: async () => {
      isReleased = true
    },
  }
  const on = place(() => ({ hold: async () => silent }))
  await expect(on.depot.lock(ada, { isAgain: false })).rejects.toThrow('said nothing')
  expect(isReleased).toBe(true)
})

test('a folder that cannot be written to is said to be so', async () => {
  const on = place((host) => ({ hold: () => host.hold('exit 1') }))
  await expect(on.depot.lock(ada, { isAgain: false })).rejects.toMatchObject({
    code: 'host-command',
    message: `a: the lock in ${on.layout.zdr} could not be taken`,
    hint: expect.stringContaining('disk full'),
  })
})

test('whoever comes second is told who has it, in words and as what it was written as', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  await expect(on.depot.lock(owner('bob@ci'), { isAgain: false })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('ada@laptop'),
    cause: ada,
  })
  expect(await on.depot.lockOwner()).toMatchObject(ada)
})

test('whoever comes second is told that the first one waits for a yes, and how to give it', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  const until = '2026-11-21T04:15:00.000Z'
  const second = () => on.depot.lock(owner('bob@ci'), { isAgain: false })
  await on.depot.pause({ token: 'of one that was killed', after: ['a'], since, until })
  await expect(second()).rejects.toMatchObject({ message: expect.not.stringContaining('paused') })
  await on.depot.pause({ token: ada.token, after: ['a'], since, until })
  await expect(second()).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringMatching(
      /by ada@laptop .*; it is paused after a, and waits for a yes until 2026-11-21T04:15/,
    ),
    hint: expect.stringContaining('`zdr-deploy <environment> resume`'),
    cause: ada,
  })
})

test('one that was cut off may take it again; not where another had it since', async () => {
  const on = place()
  const [held, begun] = [await on.depot.lock(ada, { isAgain: false }), on.host]
  await begun.close()
  await held.ended
  const again = await on.depot.lock(ada, { isAgain: true })
  await on.host.close()
  await again.ended
  await (await on.depot.lock(owner('bob@ci'), { isAgain: false })).letGo()
  await expect(on.depot.lock(ada, { isAgain: true })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('changes nothing more'),
  })
})

test('it is let go for good, and that may be said twice', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  await held.letGo()
  await held.letGo()
  await held.ended
  expect(await on.depot.lockOwner()).toBe(null)
})

test('a lock whose holder has not said who it is counts as held, by somebody', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  rmSync(on.layout.lock)
  expect(await on.depot.lockOwner()).toMatchObject({ by: 'somebody', token: '' })
})

test('a step that is refused by the fence is told from a command that ends with the same number', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  const { host, depot } = on.depot.guarded(ada.token)
  const same = 'echo "the lock of the front door is broken" >&2; exit 76'
  expect(await host.run(same, { timeoutMs })).toMatchObject({ code: 76 })
  const commands = { directory: on.layout.base, commands: [same], env: {} }
  await expect(depot.run(commands, { what: 'a build', timeoutMs })).rejects.toMatchObject({ code: 'host-command' })
  await on.host.run(`rm ${on.layout.lock}`, { timeoutMs })
  await expect(host.run('echo changed', { timeoutMs })).rejects.toMatchObject({ code: 'locked' })
  await expect(depot.setUp()).rejects.toMatchObject({ code: 'locked' })
  await expect(depot.assertOurs(ada.token)).rejects.toMatchObject({ code: 'locked' })
})

test('whoever comes second is told that nothing was heard of the holder for long', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  const second = () => on.depot.lock(owner('bob@ci'), { isAgain: false })
  await expect(second()).rejects.toMatchObject({ message: expect.not.stringContaining('nothing was heard') })
  heardOf(on.layout.lock, -40)
  await expect(second()).rejects.toMatchObject({
    message: expect.stringMatching(/; nothing was heard of it for 4\d s: after a minute it loses the lock$/),
  })
})

test('a heartbeat is noted, and the holder goes on: a disk that is full by then has room for it', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  const file = () => statSync(`${on.layout.lock}.holder`)
  const { ino, size } = file()
  heardOf(on.layout.lock, -40)
  held.beat()
  await expect.poll(async () => (await on.depot.lockOwner())?.silentMs).toBeLessThan(30_000)
  expect(file()).toMatchObject({ ino, size })
  held.beat()
  await held.letGo()
  expect(await on.depot.lockOwner()).toBe(null)
})

test('a time of the last heartbeat that cannot be is not told, and whoever comes second is refused all the same', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  heardOf(on.layout.lock, 3_600)
  await expect(on.depot.lock(owner('bob@ci'), { isAgain: false })).rejects.toMatchObject({ code: 'locked', cause: ada })
  expect((await on.depot.lockOwner())?.silentMs).toBe(undefined)
})

test('a clock that is set is nothing to it', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  await on.host.run(`touch -d '1 hour' ${on.layout.lock}*`, { timeoutMs })
  expect((await on.depot.lockOwner())?.silentMs).toBeLessThan(30_000)
})

test('what flock cannot lock is not held by another, and flock is heard', async () => {
  const says = 'flock() { echo "flock: 8: No locks available" >&2; return 71; }\n'
  const on = place((host) => ({
    hold: (script) => host.hold(`${says}${script}`),
    run: (script, options) => host.run(`${says}${script}`, options),
  }))
  await expect(on.depot.lock(ada, { isAgain: false })).rejects.toMatchObject({
    code: 'preflight',
    output: expect.stringContaining('No locks available'),
  })
  const unread = { code: 'host-command', output: expect.stringContaining('No locks available') }
  await expect(on.depot.lockOwner()).rejects.toMatchObject(unread)
})

test('a connection that is lost while the lock is asked for is no answer', async () => {
  const nothing = { code: null, signal: null, timedOut: false, stdout: '', stderr: '' }
  const cut: HeldCommand = {
    write: () => undefined,
    nextLine: async () => null,
    ended: Promise.resolve(nothing),
    release: async () => undefined,
  }
  const on = place(() => ({ hold: async () => cut }))
  await expect(on.depot.lock(ada, { isAgain: false })).rejects.toMatchObject({ code: 'host-unreachable' })
})

test('one that lives on behind a cut line is replaced by its own deploy, before one that waits', async () => {
  const on = place()
  const deaf = await on.depot.lock(ada, { isAgain: false })
  const refused = { code: 'locked', cause: ada }
  const bob = expect(on.depot.lock(owner('bob@ci'), { isAgain: false })).rejects.toMatchObject(refused)
  await on.host.run(`until grep -q flock /proc/[0-9]*/comm 2>/dev/null; do :; done`, { timeoutMs })
  const again = await on.depot.lock(ada, { isAgain: true })
  await deaf.ended
  await bob
  expect(await on.depot.lockOwner()).toMatchObject(ada)
  await again.letGo()
})

test('what has the number of the one that lived on is left alone', async () => {
  const on = place()
  await on.depot.lock(ada, { isAgain: false })
  const { pid, heard } = holderOf(on.layout.lock)
  writeFileSync(`${on.layout.lock}.holder`, `${pid} 1 ${heard}\n`)
  await expect(on.depot.lock(ada, { isAgain: true })).rejects.toMatchObject({ code: 'locked', cause: ada })
})

test('a lock that was taken in vain is given back, though the disk is full by then', async () => {
  let isFull = '/nowhere'
  const on = place((host) => ({
    hold: (script) => host.hold(`printf() { [ ! -e ${isFull} ] && command printf "$@"; }\n${script}`),
  }))
  isFull = `${on.layout.base}/full`
  await on.depot.lock(ada, { isAgain: false })
  await on.host.close()
  const inVain = await on.depot.lock(owner('bob@ci'), { isAgain: false })
  writeFileSync(isFull, '')
  await inVain.undo()
  expect(readFileSync(on.layout.lock, 'utf8')).toContain(ada.token)
})

test('on a full disk it is taken with the room that was kept for it, which is kept anew when there is some', async () => {
  let full = ''
  const on = place((host) => ({ hold: (script) => host.hold(`${full}${script}`) }))
  const reserve = `${on.layout.lock}.reserve`
  const kept = () => statSync(reserve, { throwIfNoEntry: false })?.size ?? 0
  const takeAndLetGo = async () => (await on.depot.lock(ada, { isAgain: false })).letGo()
  await takeAndLetGo()
  expect(kept()).toBe(256 * 1024)
  full = `printf() { [ ! -e ${reserve} ] && command printf "$@"; }\n`
  await takeAndLetGo()
  expect(kept()).toBe(0)
  full = 'df() { printf "head\\ndisk 9 9 100 99%% /\\n"; }\n'
  await takeAndLetGo()
  expect(kept()).toBe(0)
  full = ''
  await takeAndLetGo()
  expect(kept()).toBe(256 * 1024)
})

test('a lock whose line was removed is taken away from whoever holds it', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  rmSync(on.layout.lock)
  const holder = await on.depot.lockOwner()
  if (holder === null) throw new Error('it is held')
  await on.depot.unlock(holder)
  await held.ended
  expect(await on.depot.lockOwner()).toBe(null)
})

test('what outlives the holder does not keep the lock', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  process.kill(holderOf(on.layout.lock).pid, 'SIGKILL')
  await expect.poll(() => on.depot.lockOwner()).toBe(null)
  await held.letGo()
})

test('a process that has the number of the holder by now is left alone', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  const { pid, heard, text } = holderOf(on.layout.lock)
  writeFileSync(`${on.layout.lock}.holder`, `${pid} 1 ${heard}\n`)
  await expect(on.depot.unlock(ada)).rejects.toMatchObject({
    code: 'host-command',
    output: expect.stringMatching(/process \d+ still holds it/),
  })
  expect(await on.depot.lockOwner()).toMatchObject(ada)
  writeFileSync(`${on.layout.lock}.holder`, text)
  await on.depot.unlock(ada)
  await held.ended
})
