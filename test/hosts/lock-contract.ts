/** What every lock on a machine promises, and every fake of one. */
import { expect, it } from 'vitest'
import type { LockOwner } from '../../src/hosts/lock.ts'
import type { Lockable } from '../../src/hosts/lockable.ts'

export interface OpenedLock {
  readonly lock: Lockable
  /** Ends the connection, and what is held with it. */
  readonly close: () => Promise<void>
}

const anew = { isAgain: false }
const again = { isAgain: true }

/** `open`: as the next deployer would have it. Nobody has the lock when a test begins, and nobody when it ends. */
export function lockContract(open: () => OpenedLock): void {
  const [ada, grace] = [ownerOf('ada'), ownerOf('grace')]

  it('gives the lock to one deploy at a time, and tells the other who has it', async () => {
    const held = await open().lock.lock(ada, anew)
    const { lock: other } = open()
    expect(await other.lockOwner()).toMatchObject(ada)
    await expect(other.lock(grace, anew)).rejects.toMatchObject({
      code: 'locked',
      message: expect.stringContaining('ada@laptop'),
      cause: ada,
    })
    held.beat()
    await held.letGo()
    await held.letGo()
    await held.ended
    expect(await other.lockOwner()).toBeNull()
    await (await other.lock(grace, anew)).letGo()
  })

  it('tells when its holder was heard of last', async () => {
    const held = await open().lock.lock(ada, anew)
    const { silentMs } = (await open().lock.lockOwner()) ?? {}
    expect(silentMs).toBeLessThan(30_000)
    await held.letGo()
  })

  it('loses the lock with the connection, and takes it again where nobody had it since', async () => {
    const { lock: cut, close } = open()
    const held = await cut.lock(ada, anew)
    await close()
    await held.ended
    const { lock } = open()
    await expect.poll(() => lock.lockOwner(), { timeout: 10_000 }).toBeNull()
    const regained = await lock.lock(ada, again)
    expect(regained.cutOff).toBeNull()
    await regained.letGo()
  })

  it('is had by its own deploy alone, where its earlier connection still holds it', async () => {
    const { lock } = open()
    const earlier = await lock.lock(ada, anew)
    const held = await open().lock.lock(ada, again)
    await earlier.ended
    expect(await open().lock.lockOwner()).toMatchObject(ada)
    await held.letGo()
    expect(await lock.lockOwner()).toBeNull()
  })

  it('says whom it is taken over from, and does not give it back to that one', async () => {
    const { lock: cut, close } = open()
    await cut.lock(ada, anew)
    await close()
    const { lock } = open()
    const held = await lock.lock(grace, anew)
    expect(held.cutOff).toEqual(ada)
    await held.letGo()
    await expect(lock.lock(ada, again)).rejects.toMatchObject({ code: 'locked' })
    const after = await lock.lock(ada, anew)
    expect(after.cutOff).toBeNull()
    await after.letGo()
  })

  it('is given back to whoever was cut off, where it was taken in vain', async () => {
    const { lock: cut, close } = open()
    await cut.lock(ada, anew)
    await close()
    const { lock } = open()
    const inVain = await lock.lock(grace, anew)
    await inVain.undo()
    await inVain.undo()
    await inVain.ended
    await expect(lock.lock(grace, again)).rejects.toMatchObject({ code: 'locked' })
    await (await lock.lock(ada, again)).letGo()
    await (await lock.lock(grace, anew)).undo()
    await expect(lock.lock(grace, again)).rejects.toMatchObject({ code: 'locked' })
  })

  it('is taken away from whoever has it, who notices, and does not get it again', async () => {
    const { lock: ofAda } = open()
    const held = await ofAda.lock(ada, anew)
    const { lock } = open()
    await lock.unlock(ada)
    await lock.unlock(ada)
    await held.ended
    expect(await lock.lockOwner()).toBeNull()
    await expect(ofAda.lock(ada, again)).rejects.toMatchObject({ code: 'locked' })
    const next = await lock.lock(grace, anew)
    expect(next.cutOff).toBeNull()
    await held.letGo()
    expect(await lock.lockOwner()).toMatchObject(grace)
    await next.letGo()
  })

  it('is not taken away from another than was meant', async () => {
    const held = await open().lock.lock(ada, anew)
    const { lock } = open()
    await lock.unlock(grace)
    expect(await lock.lockOwner()).toMatchObject(ada)
    await held.letGo()
    await lock.unlock(ada)
  })
}

export function ownerOf(name: string): LockOwner {
  const at = { since: '2026-11-21T03:15:00.000Z', command: 'deploy production main' }
  return { token: name, by: `${name}@laptop`, pid: 1, ...at }
}
