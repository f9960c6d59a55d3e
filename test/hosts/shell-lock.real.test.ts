/** The lock over ssh2 and a real sshd. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import type { LockOwner } from '../../src/hosts/lock.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { connect } from '../../src/hosts/ssh.ts'
import { type Sshd, startSshd } from './sshd.ts'

let sshd: Sshd
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

const ada: LockOwner = { token: 'ada', by: 'ada@laptop', pid: 7, since: '2026-11-21T03:15:00Z', command: 'deploy' }
const grace: LockOwner = { ...ada, token: 'grace', by: 'grace@desk' }
const anew = { isAgain: false }

async function open(name: string) {
  const host = await connect(sshd.target())
  return { host, depot: shellDepot(host, layout(`${sshd.folder}/${name}`)) }
}

test('a lock is taken away from a connection that lives, which hears of it', async () => {
  const [one, other] = [await open('taken'), await open('taken')]
  const held = await one.depot.lock(ada, anew)
  held.beat()
  await other.depot.unlock(ada)
  await held.ended
  await expect(one.depot.lock(ada, { isAgain: true })).rejects.toMatchObject({ code: 'locked' })
  await (await other.depot.lock(grace, anew)).letGo()
  expect(await one.depot.lockOwner()).toBeNull()
  await Promise.all([one.host.close(), other.host.close()])
})

test('a lock whose connection ended is free at once, and given back where it was taken in vain', async () => {
  const [one, other] = [await open('cut'), await open('cut')]
  await one.depot.lock(ada, anew)
  await one.host.close()
  const held = await other.depot.lock(grace, anew)
  expect(held.cutOff).toEqual(ada)
  await held.undo()
  await (await other.depot.lock(ada, { isAgain: true })).letGo()
  await other.host.close()
})
