/** Real shells on this machine: one with `ss`, one where it fails. */

import { once } from 'node:events'
import { createServer, connect as openSocket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { settleScript } from '../../src/balancers/connection-scripts.ts'
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

/** A second for each `sleep`, and none passes. */
const quickClock = 'now=0; date() { echo $now; }; sleep() { now=$((now + 1)); echo slept; }'

test.each([
  ['once where none waits for a connection', 'return 0', 1],
  ['until none waits for a connection', '[ $now -ge 3 ] || echo waiting', 3],
  ['for longer than nginx tries again where one always waits', 'echo waiting', 5],
  ['for longer than nginx tries again where nobody can see it', 'return 1', 5],
])('late retries are waited for: %s', async (_, ss, slept) => {
  const balancer = within(localHost('nginx'), `${quickClock}; ss() { ${ss}; }`)
  const { code, stdout } = await balancer.run(settleScript(['10.0.0.11:4000', '[fd00::1]:4001']), { timeoutMs: 5_000 })
  expect({ code, slept: stdout.match(/slept/g)?.length }).toEqual({ code: 0, slept })
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
