import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepAliveSeconds } from '../../src/health/keep-alive.ts'
import { localHost } from '../processes/local-host.ts'

let server: Server
beforeAll(async () => {
  server = createServer({ keepAliveTimeout: 7000 }, (request, response) => {
    if (request.url === '/closes') response.setHeader('Connection', 'close')
    response.end('well')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => void server.close())

test.each([
  ['/', 7],
  ['/closes', null],
])('%s keeps a connection for %s s', async (path, seconds) => {
  const { port } = server.address() as AddressInfo
  expect(await keepAliveSeconds(localHost(), `http://127.0.0.1:${port}${path}`, 2000)).toBe(seconds)
})

test('who does not answer says nothing', async () => {
  expect(await keepAliveSeconds(localHost(), 'http://127.0.0.1:1/', 2000)).toBeNull()
})
