import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { httpHealth } from '../../src/health/http.ts'
import { layout } from '../../src/hosts/layout.ts'
import { activateScript, setupScript } from '../../src/hosts/release.ts'
import { pm2 } from '../../src/processes/pm2.ts'
import type { Activation, Process } from '../../src/processes/processes.ts'
import { localHost } from './local-host.ts'

const binFolder = new URL('../../node_modules/.bin', import.meta.url).pathname
const limits = { timeoutMs: 60_000 }
const good = `require('http').createServer((_, res) => res.end(__dirname)).listen(process.env.PORT)`
const secret = 'a-secret-that-nobody-may-see'

let root: string
let port: number
let host: ReturnType<typeof localHost>

beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-pm2-')))
  port = await freePort()
  const path = `${binFolder}:${process.env.PATH}`
  host = localHost({ HOME: root, PM2_HOME: join(root, '.pm2'), PATH: path, SECRET: secret })
  await host.run(setupScript(layout(join(root, 'shop'))), limits)
})

afterEach(async () => {
  await host.run('cd "$HOME" && pm2 kill', limits)
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
})

describe('an app that pm2 starts from an ecosystem file without a cwd', { timeout: 120_000 }, () => {
  test('is started by the link, so that every later release is picked up gracefully', async () => {
    const processes = pm2({ path: '~/shop' })
    const first = await activate('a', good)
    expect(await processes.running(host, first)).toEqual([])
    await processes.reload(host, first, limits)
    const before = await processes.running(host, first)
    expect(before).toHaveLength(2)
    expect(before).toMatchObject([standsOn(first), standsOn(first)])
    await settle()

    const second = await activate('b', good)
    expect(processes.isPinned(before, second)).toBe(false)
    await processes.reload(host, second, limits)
    const after = await processes.running(host, second)
    expect(after).toMatchObject([standsOn(second), standsOn(second)])
    expect(pids(after).filter((pid) => pids(before).includes(pid))).toEqual([])
    expect(await served()).toBe(second.directory)
    // pm2 numbers its processes from 0 upwards: had they been deleted, these would be 2 and 3.
    expect(await pm2Ids()).toEqual([0, 1])
  })

  test('goes on with the old release when pm2 reloads it as the user wrote it, and is mended', async () => {
    const processes = pm2({ path: join(root, 'shop') })
    const first = await activate('a', good)
    await host.run(`cd ${first.current} && PORT=${port} ${first.commands[0]}`, limits)
    const second = await activate('b', good)
    const word = await host.run(`cd ${second.current} && PORT=${port} ${second.commands[0]}`, limits)
    const lied = await processes.running(host, second)
    expect(word.code).toBe(0)
    expect(lied).toMatchObject([{ cwd: first.directory }, { cwd: first.directory }])
    expect(processes.isPinned(lied, second)).toBe(true)

    await processes.reload(host, second, limits)
    const mended = await processes.running(host, second)
    expect(mended).toMatchObject([standsOn(second), standsOn(second)])
    expect(processes.isPinned(mended, second)).toBe(false)
    expect(await served()).toBe(second.directory)
  })

  test('is mended too where its cwd is __dirname, and where it is reloaded by its name', async () => {
    const processes = pm2({ path: join(root, 'shop') })
    const first = await activate('a', good, { cwd: '__dirname' })
    await host.run(`cd ${first.current} && PORT=${port} ${first.commands[0]}`, limits)
    const second = await activate('b', good, { cwd: '__dirname', commands: ['pm2 reload shop --update-env'] })
    expect(processes.isPinned(await processes.running(host, second), second)).toBe(true)
    await processes.reload(host, second, limits)
    const mended = await processes.running(host, second)
    expect(mended).toMatchObject([standsOn(second), standsOn(second)])
    expect(processes.isPinned(mended, second)).toBe(false)
  })
})

describe('an app that is started by a script, without an ecosystem file', { timeout: 120_000 }, () => {
  const commands = ['pm2 reload shop || PORT=$PORT pm2 start server.js --name shop -i 2']

  test('is started by the link, and reloaded gracefully ever after', async () => {
    const processes = pm2({ path: '~/shop' })
    await processes.reload(host, await activate('a', good, { commands, file: 'none' }), limits)
    await settle()
    const second = await activate('b', good, { commands, file: 'none' })
    expect(processes.isPinned(await processes.running(host, second), second)).toBe(false)
    await processes.reload(host, second, limits)
    expect(await processes.running(host, second)).toMatchObject([standsOn(second), standsOn(second)])
    expect(await pm2Ids()).toEqual([0, 1])
  })

  test('is mended where it was started by hand', async () => {
    const processes = pm2({ path: '~/shop' })
    const first = await activate('a', good, { commands, file: 'none' })
    await host.run(`cd ${first.current} && PORT=${port} pm2 start server.js --name shop -i 2`, limits)
    const second = await activate('b', good, { commands, file: 'none' })
    expect(processes.isPinned(await processes.running(host, second), second)).toBe(true)
    await processes.reload(host, second, limits)
    const mended = await processes.running(host, second)
    expect(mended).toMatchObject([standsOn(second), standsOn(second)])
    expect(processes.isPinned(mended, second)).toBe(false)
  })

  test('is not touched where nothing says how to start it', async () => {
    const processes = pm2({ path: '~/shop' })
    const first = await activate('a', good, { commands, file: 'none' })
    await host.run(`cd ${first.current} && PORT=${port} pm2 start server.js --name shop -i 2`, limits)
    const second = await activate('b', good, { commands: ['pm2 reload shop'], file: 'none' })
    await expect(processes.reload(host, second, limits)).rejects.toMatchObject({
      code: 'host-command',
      message: expect.stringContaining('shop'),
    })
    expect(await processes.running(host, second)).toMatchObject([standsOn(first), standsOn(first)])
  })
})

describe('what pm2 says of a bad release', { timeout: 120_000 }, () => {
  test('one that throws at boot is reloaded with exit 0, and seen to be errored; its log says why', async () => {
    const processes = await running('a', good)
    const bad = await activate('b', `throw new Error('no database')`)
    await processes.reload(host, bad, limits)
    await untilSeen(processes, bad, (seen) => seen.every(({ status }) => status === 'errored'))
    const log = await processes.log(host, bad, 30)
    expect(log).toContain('no database')
    expect(log.split('\n').length).toBeLessThanOrEqual(30)
  })

  test('one that never listens is online all the same: only its health tells', async () => {
    const processes = await running('a', good)
    const bad = await activate('b', 'setInterval(() => {}, 1000)')
    await processes.reload(host, bad, limits)
    expect(await processes.running(host, bad)).toMatchObject([standsOn(bad), standsOn(bad)])
    expect((await health().check(host)).detail).toBe('connection refused')
  })

  test('one that dies after two seconds is seen to be started again and again', async () => {
    const processes = await running('a', good)
    const bad = await activate('b', `${good}; setTimeout(() => process.exit(1), 2000)`)
    await processes.reload(host, bad, limits)
    const before = pids(await processes.running(host, bad))
    await untilSeen(processes, bad, (seen) => seen.some(({ restarts }) => restarts > 0))
    expect(pids(await processes.running(host, bad))).not.toEqual(before)
  })
})

describe('an app in fork mode whose port is taken', { timeout: 120_000 }, () => {
  test('by what the old release left is started when that has ended, and has not crashed', async () => {
    const leaks = `const keep = 'while kill -0 ' + process.pid + '; do sleep 0.1; done; sleep 2'
      const server = require('http').createServer((_, res) => res.end(__dirname)).listen(process.env.PORT, () =>
        require('child_process').spawn('sh', ['-c', '{ ' + keep + '; } &'],
          { detached: true, stdio: ['ignore', 'ignore', 'ignore', server._handle.fd] }).unref())`
    const processes = await running('a', leaks, { mode: 'fork' })
    const before = await processes.running(host)
    const second = await activate('b', good, { mode: 'fork' })
    const said: string[] = []
    const told = await processes.reload(host, second, { ...limits, onLine: (line) => said.push(line) })
    expect(pids(told)).toEqual(pids(before))
    expect(said.join('\n')).toMatch(new RegExp(`port ${port} is waited for: pid \\d+ \\(.*sleep .* still has it`))
    await settle()
    expect(await served()).toBe(second.directory)
    expect(await processes.running(host, second)).toMatchObject([{ status: 'online', restarts: 0, mode: 'fork' }])
  })

  test('by a stranger is seen to crash, and the stranger is left alone', async () => {
    const processes = pm2({ path: '~/shop', port })
    const stranger = createServer()
    await new Promise<void>((resolve) => stranger.listen(port, resolve))
    const first = await activate('a', good, { mode: 'fork' })
    await processes.reload(host, first, limits)
    await untilSeen(processes, first, (seen) =>
      seen.some(({ status, restarts }) => status === 'errored' || restarts > 0),
    )
    const said: string[] = []
    await processes.reload(host, first, { ...limits, onLine: (line) => said.push(line) })
    await untilSeen(processes, first, (seen) =>
      seen.some(({ status, restarts }) => status === 'errored' || restarts > 0),
    )
    expect(said.join('\n')).not.toContain('waited for')
    expect(stranger.listening).toBe(true)
    await new Promise((resolve) => stranger.close(resolve))
  })
})

describe('pm2', { timeout: 120_000 }, () => {
  test('is not even started by a look', async () => {
    const seen = await pm2({ path: '~/shop' }).running(host, await activate('a', good))
    expect(seen).toEqual([])
    const daemon = await host.run('test -e "$PM2_HOME/pm2.pid"', limits)
    expect(daemon.code).not.toBe(0)
  })

  test('prints its list, behind whatever else, where its daemon does not tell it', async () => {
    const bin = join(root, 'bin')
    mkdirSync(join(root, '.pm2'))
    mkdirSync(bin)
    const list = [{ name: 'shop', pid: 0, pm2_env: { status: 'errored', pm_cwd: join(root, 'shop/current') } }]
    writeFileSync(
      join(bin, 'pm2'),
      `#!/bin/sh\necho 'In-memory PM2 is out-of-date'\necho '${JSON.stringify(list)}'\n`,
      {
        mode: 0o755,
      },
    )
    const daemon = createServer((socket) => socket.once('data', () => socket.end('\x11\0\0\0\x02no')))
    await new Promise<void>((resolve) => daemon.listen(join(root, '.pm2/rpc.sock'), resolve))
    try {
      const standIn = localHost({ HOME: root, PM2_HOME: join(root, '.pm2'), PATH: `${bin}:${process.env.PATH}` })
      const seen = await pm2({ path: '~/shop' }).running(standIn)
      expect(seen).toMatchObject([{ name: 'shop', status: 'errored', pid: 0 }])
    } finally {
      daemon.close()
    }
  })

  test('an app that is expected and missing is a process that does not run', async () => {
    const processes = await running('a', good)
    const second = await activate('b', good, { extra: `{ name: 'worker', script: 'server.js' },` })
    expect(await processes.running(host, second)).toContainEqual(
      expect.objectContaining({ name: 'worker', pid: 0, status: 'stopped' }),
    )
    await processes.reload(host, second, limits)
    // An old worker may still be on its way out: whoever verifies waits for that as well.
    const names = async () => (await processes.running(host, second)).map(({ name }) => name).toSorted()
    await expect.poll(names, { timeout: 20_000 }).toEqual(['shop', 'shop', 'worker'])
  })

  test('a fork-mode app is known as one', async () => {
    const processes = await running('a', good, { mode: 'fork' })
    expect(await processes.running(host)).toMatchObject([{ mode: 'fork', status: 'online' }])
  })

  test('a fork-mode app is started anew where its file says cluster mode by now, and reloaded from then on', async () => {
    const processes = await running('a', good, { mode: 'fork' })
    const second = await activate('b', good)
    await processes.reload(host, second, limits)
    expect(await processes.running(host, second)).toMatchObject([standsOn(second), standsOn(second)])
    await settle()
    const ids = await pm2Ids()
    const third = await activate('c', good)
    await processes.reload(host, third, limits)
    expect(await processes.running(host, third)).toMatchObject([standsOn(third), standsOn(third)])
    expect(await pm2Ids()).toEqual(ids)
  })

  test('its daemon does not stand in a release', async () => {
    await running('a', good)
    const pid = readFileSync(join(root, '.pm2/pm2.pid'), 'utf8')
    expect((await host.run(`readlink /proc/${pid}/cwd`, limits)).stdout.trim()).toBe(root)
  })

  test('the lock of a killed reload is waited for, and does not fail the next', async () => {
    const processes = await running('a', good)
    writeFileSync(join(root, '.pm2/reload.lock'), String(Date.now() - 27_000))
    const second = await activate('b', good)
    await processes.reload(host, second, limits)
    expect(await processes.running(host, second)).toMatchObject([standsOn(second), standsOn(second)])
  })

  test('stopping stops and forgets, and may be repeated', async () => {
    const first = await activate('a', good)
    const processes = pm2({ path: '~/shop' })
    await processes.reload(host, first, limits)
    await processes.stop(host, first, limits)
    await processes.stop(host, first, limits)
    expect(await processes.running(host, first)).toEqual([])
    expect((await health().check(host)).healthy).toBe(false)
  })

  test('a command that fails is told with its last lines, and no secret of the environment', async () => {
    const first = await activate('a', good, { commands: ['echo before >&2', `pm2 reload nobody-knows-me`] })
    const failed = pm2({ path: '~/shop' }).reload(host, first, limits)
    await expect(failed).rejects.toMatchObject({ code: 'host-command', output: expect.stringContaining('not found') })
    await expect(failed).rejects.toMatchObject({ output: expect.not.stringContaining(secret) })
  })

  test('apps in folders of their own are each started by the link', async () => {
    const both = `{ name: 'api', script: 'server.js', cwd: './api', env: { PORT: 0 } },`
    const processes = await running('a', good, { extra: both })
    const second = await activate('b', good, { extra: both })
    await processes.reload(host, second, limits)
    const seen = await processes.running(host, second)
    expect(seen.find(({ name }) => name === 'api')?.cwd).toBe(join(second.directory, 'api'))
    expect(processes.isPinned(seen, second)).toBe(false)
  })
})

interface Wanted {
  readonly cwd?: string
  readonly commands?: readonly string[]
  readonly extra?: string
  readonly mode?: 'fork' | 'cluster'
  readonly file?: 'ecosystem' | 'none'
}

/** Lays out a release whose only code is `server`, and activates it. */
async function activate(letter: string, server: string, wanted: Wanted = {}): Promise<Activation> {
  const {
    cwd,
    extra = '',
    mode = 'cluster',
    file = 'ecosystem',
    commands = ['pm2 startOrReload ecosystem.config.js --env production'],
  } = wanted
  const id = `20261121031500-${letter.repeat(7)}`
  const at = layout(join(root, 'shop'))
  const directory = join(at.releases, id)
  mkdirSync(join(directory, 'api'), { recursive: true })
  writeFileSync(join(directory, 'server.js'), server)
  writeFileSync(join(directory, 'api/server.js'), server)
  const instances = mode === 'cluster' ? 'instances: 2,' : ''
  const own = `{ name: 'shop', script: './server.js', ${instances} exec_mode: '${mode}', ${cwd ? `cwd: ${cwd},` : ''} },`
  if (file === 'ecosystem')
    writeFileSync(
      join(directory, 'ecosystem.config.js'),
      `console.log('noise'); module.exports = { apps: [${own} ${extra}] }`,
    )
  const result = await host.run(activateScript(at, id), limits)
  expect(result).toMatchObject({ code: 0 })
  return { directory, current: at.current, commands, env: { PORT: String(port) }, environment: 'production' }
}

async function running(letter: string, server: string, wanted: Wanted = {}) {
  const processes = pm2({ path: '~/shop' })
  await processes.reload(host, await activate(letter, server, wanted), limits)
  await settle()
  return processes
}

function standsOn({ directory }: Activation): Partial<Process> {
  return {
    name: 'shop',
    status: 'online',
    cwd: directory,
    script: join(directory, 'server.js'),
    restarts: 0,
    mode: 'cluster',
  }
}

function pids(processes: readonly Process[]): readonly number[] {
  return processes.map(({ pid }) => pid)
}

async function pm2Ids(): Promise<readonly number[]> {
  const { stdout } = await host.run('pm2 jlist --silent', limits)
  const list = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as readonly { pm_id: number }[]
  return list.map(({ pm_id }) => pm_id).toSorted((a, b) => a - b)
}

async function served(): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()
}

function health() {
  return httpHealth({ url: `http://127.0.0.1:${port}/`, statuses: null, timeoutMs: 5000 })
}

/** The app answers: pm2 reloads nothing that has not come up yet. */
async function settle(): Promise<void> {
  await retried(async () => expect((await health().check(host)).healthy).toBe(true))
}

async function untilSeen(
  processes: ReturnType<typeof pm2>,
  activation: Activation,
  isSo: (seen: readonly Process[]) => boolean,
): Promise<void> {
  await retried(async () => {
    const seen = await processes.running(host, activation)
    expect(isSo(seen), JSON.stringify(seen)).toBe(true)
  })
}

async function retried(attempt: () => Promise<void>): Promise<void> {
  await expect.poll(async () => attempt().then(() => 'so', String), { timeout: 100_000, interval: 300 }).toBe('so')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
