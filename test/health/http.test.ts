import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { httpHealth } from '../../src/health/http.ts'
import type { Host } from '../../src/hosts/host.ts'
import { localHost } from '../processes/local-host.ts'

/** As long as a busy machine may need for an answer, and no longer than must be waited for one that never comes. */
const timeoutMs = { whole: 30_000, none: 700 }
let server: Server
let odd: SocketServer
let folder: string
const hosts = new Map<string, Host>()

beforeAll(async () => {
  server = createServer(answer)
  odd = createSocketServer((socket) => socket.end('this is no HTTP\n'))
  for (const one of [server, odd]) await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  folder = mkdtempSync(join(tmpdir(), 'zdr-health-'))
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
  odd.close()
  rmSync(folder, { recursive: true, force: true })
})

describe.concurrent.each(['curl', 'wget', 'node'])('asked with %s', (tool) => {
  test.each([
    ['/200', true, /^200\b/],
    ['/204', true, /^204\b/],
    ['/500', false, /^500\b/],
    ['/302', false, /^302\b/],
    ['/hangs', false, /^no answer within 0\.7 s$/],
    ['/half', false, /^no answer within 0\.7 s$|^(?!200)/],
  ])('%s is healthy: %s', async (path, healthy, detail) => {
    const limit = ['/hangs', '/half'].includes(path) ? timeoutMs.none : timeoutMs.whole
    const answer = await ask(tool, `http://127.0.0.1:${port(server)}${path}`, limit)
    expect(answer).toEqual({ healthy, detail: expect.stringMatching(detail) })
  })

  test('a closed port is a refused connection', async () => {
    expect(await ask(tool, `http://127.0.0.1:${await closedPort()}/`)).toEqual({
      healthy: false,
      detail: 'connection refused',
    })
  })

  test('localhost is found, whatever it resolves to first', async () => {
    expect(await ask(tool, `http://localhost:${port(server)}/200`)).toMatchObject({ healthy: true })
  })

  test('what is no HTTP is no health', async () => {
    expect(await ask(tool, `http://127.0.0.1:${port(odd)}/`)).toMatchObject({ healthy: false })
  })
})

test('a status that was asked for is healthy, and no other', async () => {
  const host = onlyWith('curl')
  const health = httpHealth({
    url: `http://127.0.0.1:${port(server)}/302`,
    statuses: [302],
    timeoutMs: timeoutMs.whole,
  })
  expect(await health.check(host)).toMatchObject({ healthy: true })
  expect(await health.check(host, `http://127.0.0.1:${port(server)}/200`)).toMatchObject({ healthy: false })
})

test('a machine without any of the tools says so', async () => {
  expect(await ask('none', `http://127.0.0.1:${port(server)}/200`)).toEqual({
    healthy: false,
    detail: 'neither curl, GNU wget nor node is on the PATH',
  })
})

function ask(tool: string, url: string, limit = timeoutMs.whole) {
  return httpHealth({ url, statuses: null, timeoutMs: limit }).check(onlyWith(tool))
}

function onlyWith(tool: string): Host {
  const host = hosts.get(tool) ?? hostOnlyWith(tool)
  hosts.set(tool, host)
  return host
}

/** This machine with a PATH on which one tool is, and what every machine has. */
function hostOnlyWith(tool: string): Host {
  const path = mkdtempSync(join(folder, 'path-'))
  for (const name of ['sh', 'grep', 'sed', 'tail', 'timeout', ...(tool === 'none' ? [] : [tool])]) {
    const place =
      name === 'node' ? process.execPath : execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    symlinkSync(place, join(path, name))
  }
  // Whoever has a proxy set does not mean it for this.
  return localHost({ PATH: path, http_proxy: 'http://127.0.0.1:1', HTTP_PROXY: 'http://127.0.0.1:1' })
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? ''
  if (path === '/hangs') return
  if (path === '/half') {
    response.writeHead(200, { 'content-length': 10 }).write('half')
    return
  }
  const status = Number(path.slice(1))
  response.writeHead(status, status === 302 ? { location: '/200' } : {}).end('x')
}

function port(one: Server | SocketServer): number {
  return (one.address() as AddressInfo).port
}

async function closedPort(): Promise<number> {
  const one = createSocketServer()
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  const number = port(one)
  await new Promise((resolve) => one.close(resolve))
  return number
}
