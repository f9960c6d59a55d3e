/** Real flock, in a real shell. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { HeldCommand, Host } from '../../src/hosts/host.ts'
import { layout } from '../../src/hosts/layout.ts'
import type { LockOwner } from '../../src/hosts/lock.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { holdLock } from '../../src/hosts/shell-lock.ts'
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
  await expect(holdLock(on, { owner: ada, isAgain: false })).rejects.toMatchObject({
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
  await expect(holdLock(on, { owner: ada, isAgain: false })).rejects.toThrow('said nothing')
  expect(isReleased).toBe(true)
})

test('a folder that cannot be written to is said to be so', async () => {
  const on = place((host) => ({ hold: () => host.hold('exit 1') }))
  await expect(holdLock(on, { owner: ada, isAgain: false })).rejects.toMatchObject({
    code: 'host-command',
    message: `a: the lock in ${on.layout.zdr} could not be taken`,
  })
})

test('whoever comes second is told who has it, in words and as what it was written as', async () => {
  const on = place()
  await holdLock(on, { owner: ada, isAgain: false })
  await expect(holdLock(on, { owner: owner('bob@ci'), isAgain: false })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('ada@laptop'),
    cause: ada,
  })
  expect(await on.depot.lockOwner()).toEqual(ada)
})

test('whoever comes second is told that the first one waits for a yes, and how to give it', async () => {
  const on = place()
  await holdLock(on, { owner: ada, isAgain: false })
  const until = '2026-11-21T04:15:00.000Z'
  const second = () => holdLock(on, { owner: owner('bob@ci'), isAgain: false })
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
  const [held, begun] = [await holdLock(on, { owner: ada, isAgain: false }), on.host]
  await begun.close()
  await held.ended
  const again = await holdLock(on, { owner: ada, isAgain: true })
  await on.host.close()
  await again.ended
  await (await holdLock(on, { owner: owner('bob@ci'), isAgain: false })).letGo()
  await expect(holdLock(on, { owner: ada, isAgain: true })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('changes nothing more'),
  })
})

test('it is let go for good, and that may be said twice', async () => {
  const on = place()
  const held = await holdLock(on, { owner: ada, isAgain: false })
  await held.letGo()
  await held.letGo()
  await held.ended
  expect(await on.depot.lockOwner()).toBe(null)
})

test('a lock whose holder has not said who it is counts as held, by somebody', async () => {
  const on = place()
  await holdLock(on, { owner: ada, isAgain: false })
  rmSync(on.layout.lock)
  expect(await on.depot.lockOwner()).toMatchObject({ by: 'somebody', token: '' })
})

test('a step that is refused by the fence is told from a command that ends with the same number', async () => {
  const on = place()
  await holdLock(on, { owner: ada, isAgain: false })
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
