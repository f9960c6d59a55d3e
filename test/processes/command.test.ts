import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { quote } from '../../src/hosts/shell.ts'
import { command } from '../../src/processes/command.ts'
import { pm2 } from '../../src/processes/pm2.ts'
import type { Activation } from '../../src/processes/processes.ts'
import { localHost } from './local-host.ts'

const host = localHost()
const limits = { timeoutMs: 20_000 }
let activation: Activation
let port: number

beforeEach(async () => {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-command-')))
  const directory = join(base, 'releases', 'a')
  mkdirSync(directory, { recursive: true })
  symlinkSync(directory, join(base, 'current'))
  port = await freePort()
  writeFileSync(
    join(directory, 'server.js'),
    `require('net').createServer().listen(process.env.PORT, () => require('fs').writeFileSync('up', ''))`,
  )
  const start = `nohup node server.js >/dev/null 2>&1 &\nfor try in $(seq 100); do [ -e up ] && break; sleep 0.1; done`
  activation = {
    directory,
    current: join(base, 'current'),
    commands: [start],
    env: { PORT: String(port) },
    environment: 'production',
  }
})

afterEach(async () => {
  await byPort().stop(host, activation, limits)
  rmSync(join(activation.current, '..'), { recursive: true, force: true })
})

test('the process that listens on the port is seen, with the folder that it stands in', async () => {
  const processes = byPort()
  expect(await processes.running(host)).toEqual([])
  await processes.reload(host, activation, limits)
  expect(await processes.running(host)).toMatchObject([{ name: 'node', status: 'online', cwd: activation.directory }])
})

test('stopping stops it, and nobody else on that port', async () => {
  const processes = byPort()
  await processes.reload(host, activation, limits)
  await processes.stop(host, { ...activation, current: '/nowhere/current' }, limits)
  expect(await processes.running(host)).toHaveLength(1)
  await processes.stop(host, activation, limits)
  await processes.stop(host, activation, limits)
  expect(await processes.running(host)).toEqual([])
})

test('a command that fails is told with its last lines', async () => {
  const failed = byPort().reload(host, { ...activation, commands: ['echo because >&2', 'exit 9'] }, limits)
  await expect(failed).rejects.toMatchObject({
    code: 'host-command',
    output: 'because',
    message: expect.stringContaining('9'),
  })
})

test('one that does not end is ended', async () => {
  const failed = byPort().reload(host, { ...activation, commands: ['sleep 60'] }, { timeoutMs: 200 })
  await expect(failed).rejects.toMatchObject({ message: expect.stringContaining('did not end within 0.2 s') })
})

test.runIf(process.getuid?.() === 0)(
  "another user's process is told as what it is, before anything is reloaded",
  async () => {
    const processes = byPort()
    await processes.reload(host, activation, limits)
    const nobody = {
      ...host,
      run: (script: string) =>
        host.run(`setpriv --reuid=65534 --regid=65534 --clear-groups sh -c ${quote(script)}`, limits),
    }
    const told = { code: 'preflight', message: expect.stringContaining('belongs to root') }
    await expect(processes.running(nobody, activation)).rejects.toMatchObject(told)
    await expect(
      processes.reload(nobody, { ...activation, commands: ['touch reloaded'] }, limits),
    ).rejects.toMatchObject(told)
    expect(existsSync(join(activation.directory, 'reloaded'))).toBe(false)
  },
)

function byPort() {
  return command({ port, pm2: pm2({ path: join(activation.current, '..') }) })
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
