import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { type Backend, hasNginx, machine, startSwitched } from './real-nginx.ts'

it.skipIf(!hasNginx)('no request that hung on a dead host is tried on one that was drained meanwhile', async () => {
  const nginx = await startSwitched()
  onTestFinished(async () => {
    await machine.close()
    await nginx.stop()
  })
  const [taken, dead, closed] = nginx.backends
  if (!taken || !dead || !closed) throw new Error('three backends')
  const balancer = nginx.open()
  expect(await balancer.preflight()).toEqual([])
  await end(closed)
  await end(dead)
  await deafen(dead)
  // Of so many, one of the two workers gets enough to try every server.
  const answers = Array.from({ length: 8 }, () => fetch(nginx.url).then((response) => response.text()))
  await expect.poll(() => hangingAt(dead)).toBeGreaterThan(0)
  await nginx.turnByHand(`out_${taken.server.replaceAll(/\W/g, '_')}`)
  await balancer.drained(taken.name, { timeoutMs: 10_000 })
  await end(taken)
  expect(new Set(await Promise.all(answers))).toEqual(new Set([taken.name]))
})

async function end({ http }: Backend): Promise<void> {
  http.closeAllConnections()
  await new Promise((resolve) => http.close(resolve))
}

/** Its port as that of a machine without power: whoever connects gets no answer. The queue for `accept` is full. */
async function deafen({ server }: Backend): Promise<void> {
  const [host = '', port = ''] = server.split(':')
  const listening = spawn(process.execPath, ['-e', listenAndSleep, host, port], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(listening.stdout, 'data')
  const sockets = [connect(Number(port), host), connect(Number(port), host)]
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    listening.kill('SIGKILL')
    await once(listening, 'exit')
  })
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
}

/** Two connections fill a queue of one. */
const listenAndSleep = `
const [host, port] = process.argv.slice(1)
require('node:net').createServer().listen({ host, port, backlog: 1 }, () => {
  console.log('listening')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})`

async function hangingAt({ server }: Backend): Promise<number> {
  const [, port] = server.split(':')
  const { stdout } = await machine.run(`ss -Htn state syn-sent '( dport = :${port} )'`, { timeoutMs: 5_000 })
  return stdout.split('\n').filter((line) => line !== '').length
}
