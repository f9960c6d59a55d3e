import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import { activateScript, setupScript } from '../../src/hosts/release.ts'
import { command } from '../../src/processes/command.ts'
import { pm2 } from '../../src/processes/pm2.ts'
import type { Activation, Process } from '../../src/processes/processes.ts'
import { localHost } from './local-host.ts'

const binFolder = new URL('../../node_modules/.bin', import.meta.url).pathname
const limits = { timeoutMs: 60_000 }

let root: string
let port: number
let host: ReturnType<typeof localHost>

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-command-pm2-')))
  port = await freePort()
  // Only the script knows where pm2 is, and where it lives.
  const path = (process.env.PATH ?? '').split(':').filter((folder) => !folder.includes('node_modules'))
  host = localHost({ HOME: root, PATH: [...path, dirname(process.execPath)].join(':') })
  await host.run(setupScript(layout(join(root, 'shop'))), limits)
})

afterEach(async () => {
  await host.run(`export PM2_HOME=${root}/of-the-app; ${binFolder}/pm2 kill`, limits)
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
})

test.each(['cluster', 'fork'])(
  'a %s that a script has pm2 reload is seen through pm2, and stopped by it',
  {
    timeout: 120_000,
  },
  async (mode) => {
    const processes = command({ port, pm2: pm2({ path: '~/shop' }) })
    const first = await activate('a', mode)
    expect(await processes.reload(host, first, limits)).toEqual([])
    const before = await untilOn(processes, first)
    expect(before).toMatchObject([{ name: 'shop', mode, cwd: first.directory }])

    const second = await activate('b', mode)
    const old = await processes.reload(host, second, limits)
    expect(old.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid))
    const after = await untilOn(processes, second)
    expect(after.map(({ pid }) => pid)).not.toEqual(before.map(({ pid }) => pid))
    expect(await processes.log(host, second, 10)).toContain('up at')

    await processes.stop(host, second, limits)
    expect(await processes.running(host, second)).toEqual([])
  },
)

async function activate(letter: string, mode: string): Promise<Activation> {
  const id = `20261121031500-${letter.repeat(7)}`
  const at = layout(join(root, 'shop'))
  const directory = join(at.releases, id)
  mkdirSync(directory, { recursive: true })
  writeFileSync(
    join(directory, 'server.js'),
    `require('http').createServer((_, res) => res.end(__dirname)).listen(process.env.PORT, () => console.log('up at', __dirname))`,
  )
  writeFileSync(
    join(directory, 'ecosystem.config.js'),
    `module.exports = { apps: [{ name: 'shop', script: './server.js', exec_mode: '${mode}', cwd: '${at.current}' }] }`,
  )
  writeFileSync(
    join(directory, 'deploy.sh'),
    `#!/bin/sh\nexport PM2_HOME=${root}/of-the-app PATH="${binFolder}:$PATH"\ncd / && exec pm2 startOrReload ${at.current}/ecosystem.config.js\n`,
  )
  chmodSync(join(directory, 'deploy.sh'), 0o755)
  expect(await host.run(activateScript(at, id), limits)).toMatchObject({ code: 0 })
  return {
    directory,
    current: at.current,
    commands: ['./deploy.sh'],
    env: { PORT: String(port) },
    environment: 'production',
  }
}

/** Everything of the app runs this release. */
async function untilOn(processes: ReturnType<typeof command>, activation: Activation): Promise<readonly Process[]> {
  const onRelease = expect.objectContaining({ status: 'online', cwd: activation.directory })
  await expect.poll(() => processes.running(host, activation), { timeout: 30_000, interval: 300 }).toEqual([onRelease])
  return processes.running(host, activation)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
