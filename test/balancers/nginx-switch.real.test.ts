import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { Agent, get, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { holdScript, withSs } from '../../src/balancers/connection-scripts.ts'
import { observeScript } from '../../src/balancers/nginx-scripts.ts'
import { readFacts } from '../../src/balancers/switch-state.ts'
import type { CommandResult } from '../../src/hosts/host.ts'
import { ownerOf } from '../hosts/lock-contract.ts'
import { balancerContract } from './balancer-contract.ts'
import { type Backend, hasNginx, machine, type RealNginx, startSwitched } from './real-nginx.ts'

const by = 'test'

function backendOf({ backends }: RealNginx, host: string): Backend {
  const backend = backends.find(({ name }) => name === host)
  if (!backend) throw new Error(`no backend ${host}`)
  return backend
}

/** Asks until a request waits on that host; those that came to others are ended. */
async function startRequest(nginx: RealNginx, host: string): Promise<{ readonly answer: Promise<string> }> {
  for (let attempt = 0; attempt < 10; attempt++) {
    const answer = fetch(`${nginx.url}/slow`, { method: 'POST', body: 'x' }).then((response) => response.text())
    await expect.poll(() => nginx.backends.some(({ waiting }) => waiting.length > 0)).toBe(true)
    if (backendOf(nginx, host).waiting.length > 0) return { answer }
    for (const { finishAll } of nginx.backends) finishAll()
    await answer
  }
  throw new Error(`no request came to ${host}`)
}

describe.skipIf(!hasNginx)('with the real nginx', () => {
  balancerContract('the switch', async () => {
    const nginx = await startSwitched()
    const byName = new Map(nginx.backends.map(({ name, server }) => [name, server.replaceAll(/\W/g, '_')]))
    return {
      hosts: nginx.backends.map(({ name }) => name),
      open: () => nginx.open(),
      byHand: ([host = '']) => nginx.turnByHand(`out_${byName.get(host)}`),
      startRequest: async (host) => {
        const { answer } = await startRequest(nginx, host)
        return {
          finish: async () => {
            backendOf(nginx, host).finishAll()
            await answer
          },
        }
      },
      setHealthy: (host, isHealthy) => {
        backendOf(nginx, host).isHealthy = isHealthy
      },
      reset: (by) => nginx.open().publish({ out: [], byHand: [], by }),
      cut: () => machine.close(),
      close: nginx.stop,
    }
  })

  describe('the switch', () => {
    let nginx: RealNginx
    let host = ''
    beforeAll(async () => {
      nginx = await startSwitched('proxy_set_header Connection "";')
      host = nginx.backends[0]?.name ?? ''
      for (const lock of nginx.open().locks) await lock.lock(ownerOf(by), { isAgain: false })
    })
    beforeEach(async () => {
      if ((await nginx.switchFile()) !== 'in') await nginx.turnByHand('in')
    })
    afterAll(async () => {
      await machine.close()
      await nginx?.stop()
    })

    it('is turned without a reload: the very next request goes elsewhere, on an open connection too', async () => {
      const workers = await nginx.workers()
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const ask = (): Promise<string> => text(nginx.url, agent)
      expect(new Set(await inTurn(6, ask))).toContain(host)
      await nginx.open().publish({ out: [host], byHand: [], by })
      expect(new Set(await inTurn(20, ask))).not.toContain(host)
      expect(await nginx.workers()).toEqual(workers)
      agent.destroy()
    })

    it('counts an upload whose body is still on its way', async () => {
      // Idle connections of the test before are none of this one's business.
      await expect.poll(() => connectedBackend(nginx)).toBeUndefined()
      const upload = request(`${nginx.url}/upload`, { method: 'POST', headers: { 'content-length': 4 } })
      const answered = new Promise<string>((resolve, reject) => {
        upload.on('error', reject).on('response', (response) => response.setEncoding('utf8').on('data', resolve))
      })
      upload.write('1')
      const balancer = nginx.open()
      await expect.poll(() => connectedBackend(nginx)).toBeDefined()
      const name = (await connectedBackend(nginx))?.name ?? ''
      await balancer.publish({ out: [name], byHand: [], by })
      await expect(balancer.drained(name, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'drain' })
      upload.end('234')
      expect(await answered).toBe(name)
      await balancer.drained(name, { timeoutMs: 5_000 })
    })

    it('sees idle connections of a pool that is not used any more close by themselves', async () => {
      const askAndCount = async (): Promise<number> => {
        await inTurn(6, () => fetch(nginx.url).then((response) => response.text()))
        return connectionsOf(backendOf(nginx, host))
      }
      await expect.poll(askAndCount).toBeGreaterThan(0)
      const balancer = nginx.open()
      await balancer.publish({ out: [host], byHand: [], by })
      await balancer.drained(host, { timeoutMs: 5_000 })
      expect(await connectionsOf(backendOf(nginx, host))).toBe(0)
    })

    it('lets no request fall through to everybody while it is turned from one host to another', async () => {
      const [first, ...others] = nginx.backends.map(({ server }) => server.replaceAll(/\W/g, '_'))
      const files = [`out_${first}`, `out_${others.toSorted().join('__')}`]
      await nginx.turnByHand(files[0] ?? '')
      const turning = spawn(process.execPath, ['-e', turnOften, nginx.switchFolder, ...files], { stdio: 'inherit' })
      const agent = new Agent({ keepAlive: true })
      const ask = (): Promise<string> => text(`http://127.0.0.1:${nginx.options.statusPort}`, agent)
      const seen = new Set<string>()
      const asking = Array.from({ length: 8 }, async () => {
        while (turning.exitCode === null) seen.add(await ask())
      })
      expect(await once(turning, 'exit')).toEqual([0, null])
      await Promise.all(asking)
      agent.destroy()
      expect([...seen].filter((answer) => !answer.includes('__out_'))).toEqual([])
      expect(seen.size).toBe(2)
    })

    it.skipIf(process.getuid?.() !== 0)(
      'refuses a folder that nginx cannot see into, before anything is touched',
      async () => {
        await chmod(nginx.switchFolder, 0o700)
        const balancer = nginx.open()
        const findings = await balancer.preflight()
        await expect(balancer.observe()).rejects.toMatchObject({ code: 'balancer' })
        await chmod(nginx.switchFolder, 0o755)
        expect(findings).toEqual([
          expect.objectContaining({ weight: 'error', text: expect.stringContaining('cannot see') }),
        ])
        expect(await nginx.switchFile()).toBe('in')
      },
    )

    it('refuses a switch file that nginx has no pool for', async () => {
      await nginx.turnByHand('out_10_9_9_9_4000')
      await expect(nginx.open().observe()).rejects.toThrow('everybody is in')
    })

    it('refuses pools of another fleet', async () => {
      const other = nginx.open(nginx.backends.slice(1).map(({ name }) => name))
      await expect(other.observe()).rejects.toThrow('other pools')
      expect(await other.preflight()).toEqual([expect.objectContaining({ hint: expect.stringContaining('setup') })])
    })

    it('lets one of two deploys win, and tells the other', async () => {
      const names = nginx.backends.map(({ name }) => name)
      const balancers = names.map(() => nginx.open())
      await Promise.all(balancers.map((balancer) => balancer.observe()))
      const results = await Promise.allSettled(
        balancers.map((balancer, index) => balancer.publish({ out: [names[index] ?? ''], byHand: [], by })),
      )
      const winners = names.filter((_, index) => results[index]?.status === 'fulfilled')
      expect(winners).toHaveLength(1)
      expect(await nginx.open().observe()).toEqual({ out: winners, mixed: [], byHand: [] })
    })

    it('knows its own publication behind a torn line of the journal', async () => {
      const journal = join(nginx.switchFolder, 'journal')
      await nginx.open().publish({ out: [host], byHand: [], by })
      await appendFile(journal, '{"at":"2026-01-01T00:00:00Z","by":"x","fr')
      expect(await nginx.open().observe()).toEqual({ out: [host], mixed: [], byHand: [] })
      await nginx.open().publish({ out: [], byHand: [], by })
      expect((await readFile(journal, 'utf8')).trim().split('\n').at(-1)).toContain('"out":"in"')
      expect((await nginx.open().observe()).out).toEqual([])
    })

    it('keeps the journal short, and what it says last', async () => {
      const journal = join(nginx.switchFolder, 'journal')
      const old = JSON.stringify({ at: '2026-01-01T00:00:00Z', by, from: 'in', fromByHand: [], out: 'in', byHand: [] })
      await writeFile(journal, `${old}\n`.repeat(1_000))
      await nginx.open().publish({ out: [host], byHand: [], by })
      const lines = (await readFile(journal, 'utf8')).trim().split('\n')
      expect(lines).toHaveLength(201)
      expect(lines.at(-1)).toContain(`"by":"${by}"`)
      expect(await nginx.open().observe()).toEqual({ out: [host], mixed: [], byHand: [] })
      await nginx.open().publish({ out: [], byHand: [], by })
      expect((await readFile(journal, 'utf8')).trim().split('\n')).toHaveLength(202)
    })

    it('waits for a publication under way before it gives the lock to another, and takes it from nobody meanwhile', async () => {
      const [lock] = nginx.open().locks
      if (lock === undefined) throw new Error('a switch without a lock')
      const turning = await machine.hold(`exec 9<${nginx.switchFolder}/turning; flock 9; echo turning; read -r word`)
      await turning.nextLine({ timeoutMs: 5_000 })
      const ended: string[] = []
      const publishing = nginx
        .open()
        .publish({ out: [host], byHand: [], by })
        .then(() => ended.push('published'))
      const unlocking = lock.unlock(ownerOf(by)).then(() => ended.push('unlocked'))
      // Whoever comes second may be refused before the fence is seen to be let go.
      const both = Promise.allSettled([publishing, unlocking])
      await expect.poll(() => waitingAt(`${nginx.switchFolder}/turning`)).toBe(2)
      expect(ended).toEqual([])
      await turning.release()
      await both
      const isPublished = ended.includes('published')
      expect((await nginx.open().observe()).out).toEqual(isPublished ? [host] : [])
      await expect(nginx.open().publish({ out: [], byHand: [], by })).rejects.toMatchObject({ code: 'locked' })
      await lock.lock(ownerOf(by), { isAgain: false })
    })

    it('asks for setup where nobody has seen the site use the switch, and for patience where old workers serve', async () => {
      const live = `${nginx.switchFolder}.live`
      const old = `${nginx.switchFolder}.old-workers`
      const [before, oldBefore] = [await readFile(live), await readFile(old)]
      const [pid = ''] = await nginx.workers()
      const started = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(' ')[21]
      await writeFile(live, '0123456789abcdef 1 2\n')
      await writeFile(old, `${pid}:${started}\n1:1\n`)
      const findings = await nginx.open().preflight()
      await writeFile(live, before)
      await writeFile(old, oldBefore)
      expect(findings.map(({ text }) => text)).toEqual([
        expect.stringContaining('nobody has seen the site use them'),
        expect.stringMatching(new RegExp(`old connections.*: ${pid}$`)),
      ])
    })

    it.each(installed('curl', 'wget', 'bash', 'perl', 'python3'))(
      'can be asked where there is only %s',
      async (tool) => {
        const { stdout } = await runWith(tool, observeScript(nginx.switchFolder, nginx.options.statusPort))
        expect(readFacts(stdout).answers).toContainEqual(expect.stringMatching(/^zdr_shop [0-9a-f]{16}$/))
        expect(new Set(readFacts(stdout).answers).size).toBe(1)
      },
    )

    it.each(installed('bash', 'perl', 'python3'))(
      'holds a connection where there is only %s, and tells when it was refused',
      async (tool) => {
        const { server } = backendOf(nginx, host)
        expect((await runWith(tool, holdScript(server))).stdout).toMatch(/^held \d+$/m)
        expect((await runWith(tool, holdScript('127.0.0.1:1'))).stdout).toMatch(/refused/i)
      },
    )

    it('passes over a member whose port is closed, and believes that nothing runs there', async () => {
      const last = nginx.backends[2]
      if (!last) throw new Error('three backends')
      last.http.closeAllConnections()
      await new Promise((resolve) => last.http.close(resolve))
      const balancer = nginx.open()
      expect(await balancer.preflight()).toEqual([])
      await balancer.publish({ out: [last.name], byHand: [], by })
      await balancer.drained(last.name, { timeoutMs: 5_000 })
    })
  })
})

/** How many wait for the flock of that file. */
async function waitingAt(path: string): Promise<number> {
  const { stdout } = await machine.run(`grep -c -- "-> .*:$(stat -c %i ${path}) " /proc/locks`, { timeoutMs: 5_000 })
  return Number(stdout)
}

function installed(...tools: readonly string[]): readonly string[] {
  return tools.filter((tool) => spawnSync(tool, ['--version']).error === undefined)
}

/** On a machine that has the basic tools, and this one. */
async function runWith(tool: string, script: string): Promise<CommandResult> {
  const folder = await mkdtemp(join(tmpdir(), 'zdr-tools-'))
  const basic = ['sh', 'sed', 'tr', 'grep', 'wc', 'cat', 'tail', 'readlink', 'ss']
  const real = tool === 'python3' ? 'python3 -c "import sys; print(sys.executable)"' : ''
  const links = basic.map((name) => `ln -s "$(command -v ${name})" ${name}`)
  const own = `ln -s "$(${real || `command -v ${tool}`})" ${tool}`
  await machine.run(`cd ${folder} && ${[...links, own].join('; ')}`, { timeoutMs: 10_000 })
  const result = await machine.run(`PATH=${folder}\n${script.replaceAll(withSs, '')}`, { timeoutMs: 20_000 })
  await rm(folder, { recursive: true })
  return result
}

/** Every 0.2 ms: far quicker than any deploy, and slower than nginx goes through its checks. */
const turnOften = `
const { renameSync } = require('node:fs'); const [folder, a, b] = process.argv.slice(1)
const pause = (until) => { while (performance.now() < until); }
for (let turn = 0; turn < 10000; turn++) {
  renameSync(folder + '/' + (turn % 2 ? b : a), folder + '/' + (turn % 2 ? a : b))
  pause(performance.now() + 0.2)
}`

function text(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => response.setEncoding('utf8').on('data', resolve)).on('error', reject)
  })
}

async function inTurn<T>(count: number, ask: () => Promise<T>): Promise<readonly T[]> {
  const answers: T[] = []
  for (let index = 0; index < count; index++) answers.push(await ask())
  return answers
}

async function connectedBackend({ backends }: RealNginx): Promise<Backend | undefined> {
  for (const backend of backends) if ((await connectionsOf(backend)) > 0) return backend
  return undefined
}

function connectionsOf({ http }: Backend): Promise<number> {
  return new Promise((resolve, reject) =>
    http.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
