/** Real shells on this machine: one with `ss`, one where it fails. */

import { once } from 'node:events'
import { createServer, connect as openSocket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { sightsOfClosed, waitUntilNone } from '../../src/balancers/connections.ts'
import type { Host } from '../../src/hosts/host.ts'
import { within } from '../../src/hosts/within.ts'
import { localHost } from './local-host.ts'

const uncounting = (): Host => within(localHost('web-1'), 'ss() { echo "ss: no permission" >&2; return 1; }')

test('connections that are left when the time is over are told as such', async () => {
  const port = await connected()
  const sights = [{ machine: localHost('web-1'), count: { filter: `( sport = :${port} )`, peers: null } }]
  await expect(waitUntilNone(sights, { timeoutMs: 1 })).rejects.toMatchObject({
    code: 'drain',
    message: expect.stringContaining('1 connections'),
  })
})

test('connections that cannot be counted are never taken for a drain that took too long', async () => {
  const sights = [{ machine: uncounting(), count: { filter: '( sport = :1 )', peers: null } }]
  await expect(waitUntilNone(sights, { timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'balancer' })
  const member = { host: uncounting(), server: '127.0.0.1:1' }
  await expect(sightsOfClosed(uncounting(), member, { timeoutMs: 15_000 })).rejects.toMatchObject({ code: 'balancer' })
})

/** The port of a server that has one connection. */
async function connected(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const client = openSocket(address.port, '127.0.0.1')
  const [accepted] = await once(server, 'connection')
  onTestFinished(() => {
    client.destroy()
    accepted.destroy()
    server.close()
  })
  return address.port
}
