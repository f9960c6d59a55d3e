/** Real flock, in a real shell. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
  await on.host.run(`touch -d '40 seconds ago' ${on.layout.lock}`, { timeoutMs })
  await expect(second()).rejects.toMatchObject({
    message: expect.stringMatching(/; nothing was heard of it for 4\d s: after a minute it loses the lock$/),
  })
})

test('a heartbeat is noted, and the holder goes on', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  await on.host.run(`touch -d '40 seconds ago' ${on.layout.lock}`, { timeoutMs })
  held.beat()
  await expect.poll(async () => (await on.depot.lockOwner())?.silentMs).toBeLessThan(30_000)
  held.beat()
  await held.letGo()
  expect(await on.depot.lockOwner()).toBe(null)
})

test('what outlives the holder does not keep the lock', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  const [, pid = ''] = /^holder (\d+) /m.exec(readFileSync(on.layout.lock, 'utf8')) ?? []
  process.kill(Number(pid), 'SIGKILL')
  await expect.poll(() => on.depot.lockOwner()).toBe(null)
  await held.letGo()
})

test('a process that has the number of the holder by now is left alone', async () => {
  const on = place()
  const held = await on.depot.lock(ada, { isAgain: false })
  const text = readFileSync(on.layout.lock, 'utf8')
  writeFileSync(on.layout.lock, text.replace(/^(holder \d+) \d+$/m, '$1 1'))
  await expect(on.depot.unlock(ada)).rejects.toMatchObject({
    code: 'host-command',
    output: expect.stringMatching(/process \d+ still holds it/),
  })
  expect(await on.depot.lockOwner()).toMatchObject(ada)
  writeFileSync(on.layout.lock, text)
  await on.depot.unlock(ada)
  await held.ended
})
