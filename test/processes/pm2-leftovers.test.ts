import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isOfHost } from '../../src/errors.ts'
import { heldPortError } from '../../src/processes/pm2-leftovers.ts'
import { localHost } from './local-host.ts'

const source = readFileSync(new URL('../../templates/pm2/leftovers.cjs', import.meta.url), 'utf8')
/** Prints its port. */
const listens = `const server = require('net').createServer().listen(0, () => console.log(server.address().port))`
/** Prints the pid of a shell that has the socket as well, and then its port. */
const shares = (script: string): string => `const server = require('net').createServer().listen(0, () => {
  const stdio = ['ignore', 'ignore', 'ignore', server._handle.fd]
  console.log(require('child_process').spawn('sh', ['-c', ${JSON.stringify(script)}], { detached: true, stdio }).pid)
  console.log(server.address().port)
})`

/** Prints the pid of a child that listens on another port, and then its port. */
const helps = `const server = require('net').createServer().listen(0, () => {
  const child = require('child_process').spawn('node', ['-e', ${JSON.stringify(listens)}], { detached: true })
  child.stdout.once('data', () => {
    console.log(child.pid)
    console.log(server.address().port)
  })
})`

let base: string
const started: ChildProcess[] = []
const left: number[] = []

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-leftovers-')))
})

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL')
  for (const pid of left.splice(0)) end(pid)
  rmSync(base, { recursive: true, force: true })
})

describe('what an app leaves behind', () => {
  test('is nothing where it alone listens', async () => {
    const app = await start(listens, 1)
    expect(await find({ pids: [app.pid] })).toBeNull()
  })

  test('is nothing where its port is a stranger’s', async () => {
    const stranger = await start(listens, 1, '/')
    expect(await find({ port: stranger.port, isCrashing: true })).toBeNull()
  })

  test('is nothing that listens on a port of its own', async () => {
    const { app, helper } = await startHelping()
    expect(await find({ pids: [app.pid], port: app.port })).toBeNull()
    expect(await find({ pids: [process.pid], port: app.port })).toMatchObject({ sockets: [expect.any(String)] })
    const { app: sharing, heir } = await startSharing('exec sleep 30')
    const request = await find({ pids: [sharing.pid, app.pid], port: sharing.port })
    await Promise.all([killed(sharing.child), killed(app.child)])
    const { code, stdout } = await wait(request)
    expect(code).toBe(0)
    expect(stdout).toContain(`SIGTERM to pid ${heir} `)
    expect(stdout).not.toContain(`pid ${helper} `)
    expect(isAlive(helper)).toBe(true)
  })

  test('is waited for as long as it has the socket', async () => {
    const { app, heir } = await startSharing('exec sleep 30')
    const request = await find({ pids: [app.pid] })
    expect(request).toMatchObject({ sockets: [expect.stringMatching(/^\d+$/)] })
    await killed(app.child)
    const waiting = wait({ ...request, graceMs: 30_000 }, () => end(heir))
    expect(await waiting).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(`port ${app.port} is waited for: pid ${heir} `),
    })
  })

  test('is asked to end when its time is over, and is made to where it does not listen', async () => {
    const { app, heir } = await startSharing(`trap '' TERM; while :; do sleep 0.05; done`)
    const request = await find({ pids: [app.pid] })
    await killed(app.child)
    const { code, stdout } = await wait(request)
    expect(code).toBe(0)
    expect(stdout).toContain(`SIGTERM to pid ${heir} `)
    expect(stdout).toContain(`SIGKILL to pid ${heir} `)
  })

  test('is everything that still has the socket, whoever started it', async () => {
    const { app, heir } = await startSharing('exec sleep 30')
    // As with ‘npm start’: what the manager started is not what listens.
    const starter = { pids: [process.pid], port: app.port }
    expect(await find(starter)).not.toBeNull()
    expect(await find({ pids: [app.pid, heir] })).toBeNull()
  })

  test('is told, and not ended, where it only stands in the folder of the app', async () => {
    const stray = await start(listens, 1)
    expect(await find({ port: stray.port })).toBeNull()
    const request = await find({ port: stray.port, isCrashing: true })
    expect(request).toMatchObject({ sockets: [] })
    const result = await wait(request)
    expect(result.code).toBe(1)
    const error = heldPortError(localHost(), result)
    expect(isOfHost(error)).toBe(true)
    expect(error?.message).toMatch(
      new RegExp(
        `^local: port ${stray.port} is still held by pid ${stray.pid} \\(.*node.*\\), and the app cannot be started beside it$`,
      ),
    )
    expect(stray.child.exitCode ?? stray.child.signalCode).toBeNull()
  })
})

test('commands that fail for another reason tell that one', () => {
  expect(heldPortError(localHost(), { code: 1, signal: null, timedOut: false, stdout: '', stderr: 'no' })).toBeNull()
})

interface Request {
  readonly pids?: readonly number[]
  readonly port?: number | null
  readonly isCrashing?: boolean
  readonly graceMs?: number
}

async function find(request: Request): Promise<Request | null> {
  const { code, stdout } = await run('find', {
    pids: [],
    port: null,
    isCrashing: false,
    base,
    graceMs: 200,
    endMs: 300,
    ...request,
  })
  return code === 0 ? (JSON.parse(stdout) as Request) : null
}

function wait(request: Request | null, onLine: () => void = () => {}) {
  return run('wait', request ?? {}, onLine)
}

/** `onLine` is called once it says something. */
async function run(what: string, request: object, onLine: () => void = () => {}) {
  const child = spawn('node', ['-e', source, '--', what, JSON.stringify(request)])
  const written = { stdout: '', stderr: '' }
  child.stdout.once('data', onLine)
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      written[stream] += text
    })
  }
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { code, signal, timedOut: false, ...written }
}

async function startSharing(script: string) {
  const app = await start(shares(script), 2)
  const heir = Number(app.lines[0])
  left.push(heir)
  return { app, heir }
}

async function startHelping() {
  const app = await start(helps, 2)
  const helper = Number(app.lines[0])
  left.push(helper)
  return { app, helper }
}

async function start(code: string, count: number, cwd = base) {
  const child = spawn('node', ['-e', code], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(child)
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) if (lines.push(line) === count) break
  return { child, pid: child.pid ?? 0, lines, port: Number(lines.at(-1)) }
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
