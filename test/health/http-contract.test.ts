import { createServer, type Server } from 'node:http'
import { UserError } from '../../src/errors.ts'
import { httpHealth } from '../../src/health/http.ts'
import { localHost } from '../processes/local-host.ts'
import { type AppState, healthContract } from './health-contract.ts'

healthContract('a check by HTTP', async () => {
  let state: AppState = 'well'
  const server = createServer((_, response) => {
    if (state !== 'hangs') response.writeHead(state === 'well' ? 200 : 500, { connection: 'close' }).end()
  })
  const port = await listen(server, 0)
  const host = localHost()
  const unreachable = (): Promise<never> => Promise.reject(new UserError('host-unreachable', 'web-2 does not answer'))
  return {
    health: httpHealth({ url: `http://127.0.0.1:${port}/`, statuses: null, timeoutMs: 3_000 }),
    host,
    turn: async (next) => {
      state = next
      if (next === 'silent') await end(server)
      else if (!server.listening) await listen(server, port)
    },
    lost: { ...host, run: unreachable },
    close: () => end(server),
  }
})

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}
