import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { startLab } from './lab.ts'

it('a lab that ends leaves no process, namespace, mount or folder, and another lab goes on', async () => {
  const [ends, stays] = await Promise.all([startLab({ hosts: 1, name: 'ends' }), startLab({ hosts: 1, name: 'stays' })])
  const own = new Set<string>()
  for (const machine of [ends.balancer, ends.git.machine, ...ends.hosts]) {
    const { stdout } = await machine.exec('for kind in net mnt pid uts; do readlink /proc/self/ns/$kind; done')
    for (const name of stdout.trim().split('\n')) own.add(name)
  }
  own.add((await ends.program(['readlink', '/proc/self/ns/net']).result).stdout.trim())
  expect(own.size).toBe(3 * 4 + 1)
  // Its process is in the network of the deployer.
  await ends.slow({ lossPercent: 1, delayMs: 1 })
  expect(inUse(own)).toEqual(expect.arrayContaining([...own]))
  await ends.stop()
  expect(inUse(own)).toEqual([])
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dirname(ends.directory))
  expect(existsSync(dirname(ends.directory))).toBe(false)
  expect(await stays.balancer.exec('nginx -t')).toMatchObject({ code: 0 })
  await stays.stop()
})

it('a lab ends with the process that started it, however that ends, and the next lab sweeps its folder', async () => {
  const runner = fileURLToPath(new URL('../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url))
  const script = fileURLToPath(new URL('try.ts', import.meta.url))
  const child = spawn(process.execPath, [runner, script, '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const folder = dirname(lastWord((await lines.next()).value))
  const disk = lastWord((await lines.next()).value)
  expect([existsSync(folder), existsSync(disk)]).toEqual([true, true])
  child.kill('SIGKILL')
  await once(child, 'exit')
  // The disk is seen through a process of the lab's.
  await vi.waitFor(() => expect(existsSync(disk)).toBe(false), 10_000)
  expect(existsSync(folder)).toBe(true)
  const next = await startLab({ hosts: 1, name: 'sweeps' })
  expect(existsSync(folder)).toBe(false)
  await next.stop()
})

function lastWord(line: string | undefined): string {
  return line?.split(' ').at(-1) ?? ''
}

/** Those of the namespaces that any process on the box is in. */
function inUse(namespaces: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const kind of ['net', 'mnt', 'pid', 'uts']) {
      const name = namespaceOf(pid, kind)
      if (name !== null && namespaces.has(name)) found.add(name)
    }
  }
  return [...found]
}

function namespaceOf(pid: string, kind: string): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`)
  } catch {
    // It ended meanwhile.
    return null
  }
}
