/** What every Host must do. Called by the test file of each adapter, and of each fake. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CommandResult, Host } from '../../src/hosts/host.ts'

export interface HostUnderTest {
  readonly host: Host
  /** Cuts the connection as a network or a crash would: the host is not told. It may be connected to again. null: there is nothing to cut. */
  readonly cut: (() => Promise<void>) | null
  /** Whether a process is there (and no zombie), told without the host. */
  isAlive(pid: number): boolean
  stop(): Promise<void>
}

const LIMIT = { timeoutMs: 20_000 }
const OUTPUT_MAX_BYTES = 1024 * 1024
const UNREACHABLE = { name: 'UserError', code: 'host-unreachable' }

export function hostContract(name: string, make: () => Promise<HostUnderTest>): void {
  describe(name, () => {
    let made: HostUnderTest
    const run = (script: string, options: Partial<Parameters<Host['run']>[1]> = {}): Promise<CommandResult> =>
      made.host.run(script, { ...LIMIT, ...options })

    beforeAll(async () => {
      made = await make()
    })
    afterAll(async () => {
      await made.host.close()
      await made.stop()
    })

    it('tells the exit status, and both streams apart', async () => {
      expect(await run('echo out; echo err >&2; exit 7')).toEqual({
        code: 7,
        signal: null,
        timedOut: false,
        stdout: 'out\n',
        stderr: 'err\n',
      })
    })

    it('tells the signal that ended a script', async () => {
      expect(await run('kill -KILL $$')).toMatchObject({ code: null, signal: 'SIGKILL', timedOut: false })
    })

    it('answers a script that makes no sense with a status, and goes on working', async () => {
      expect((await run('if then ((')).code).not.toBe(0)
      expect((await run('true')).code).toBe(0)
    })

    it('lets every character of a script arrive as written', async () => {
      const nasty = `'"\\'\\\\ $HOME \`id\` !! #{} * ~ %s \t ünï→🚀 \\n`
      const script = `cat <<'END'\n${nasty}\n\n  two  spaces  \nEND\nprintf '%s' "it's"`
      expect((await run(script)).stdout).toBe(`${nasty}\n\n  two  spaces  \nit's`)
    })

    it('runs a script that is longer than an argument may be', async () => {
      const lines = Array.from({ length: 3_000 }, (_, index) => `: ${index} ${'x'.repeat(80)}`)
      expect((await run(`${lines.join('\n')}\necho end`)).stdout).toBe('end\n')
    })

    it('gives the script its standard input, whole and then closed', async () => {
      const stdin = `first\n${'x'.repeat(300_000)}\n'"$HOME\n`
      expect((await run('cat', { stdin })).stdout).toBe(stdin)
      expect((await run('cat; echo done')).stdout).toBe('done\n')
    })

    it('keeps the last bytes of an output that is too long, and no broken character', async () => {
      const { stdout } = await run(`yes 'ünï→🚀' | head -n 200000; echo end`)
      expect(Buffer.byteLength(stdout)).toBeGreaterThan(OUTPUT_MAX_BYTES - 4)
      expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(OUTPUT_MAX_BYTES)
      expect(stdout).not.toContain('\uFFFD')
      expect(stdout.endsWith('end\n')).toBe(true)
    })

    it('passes on each whole line while the script runs', async () => {
      const heard: string[] = []
      const gate = `/tmp/${randomUUID()}`
      const done = run(`echo ü; echo e >&2; until [ -e ${gate} ]; do sleep 0.05; done; printf 'a\\nlast'; rm ${gate}`, {
        onLine: (line, stream) => {
          heard.push(`${stream} ${line}`)
          // The script waits for this file: it can only end if its first lines were heard before.
          if (heard.length === 2) void run(`touch ${gate}`)
        },
      })
      expect((await done).code).toBe(0)
      expect(heard.slice(0, 2).sort()).toEqual(['stderr e', 'stdout ü'])
      expect(heard.slice(2)).toEqual(['stdout a', 'stdout last'])
    })

    it('ends the whole process group when the time is over', async () => {
      const result = await run(`trap '' TERM; (sleep 300 & echo $!; wait) & echo $$; wait`, { timeoutMs: 1_000 })
      expect(result).toMatchObject({ code: null, timedOut: true })
      const pids = result.stdout.trim().split('\n').map(Number)
      expect(pids).toHaveLength(2)
      // A process closes its streams a moment before it is gone.
      await expect.poll(() => pids.filter((pid) => made.isAlive(pid))).toEqual([])
    })

    it('ends the whole process group when it is aborted, and one that was aborted before it began', async () => {
      const aborting = new AbortController()
      const script = `trap '' TERM; (sleep 300 & echo $!; wait) & echo $$; wait`
      let heard = 0
      const onLine = (): void => {
        heard += 1
        if (heard === 2) aborting.abort()
      }
      const result = await run(script, { signal: aborting.signal, onLine })
      expect(result).toMatchObject({ code: null, timedOut: false })
      const pids = result.stdout.trim().split('\n').map(Number)
      expect(pids).toHaveLength(2)
      await expect.poll(() => pids.filter((pid) => made.isAlive(pid))).toEqual([])
      expect(await run('sleep 300', { signal: aborting.signal })).toMatchObject({ code: null, timedOut: false })
    })

    it('ends ten scripts at a time, and goes on working', async () => {
      const results = await Promise.all(Array.from({ length: 10 }, () => run('sleep 300', { timeoutMs: 300 })))
      expect(results.every(({ timedOut }) => timedOut)).toBe(true)
      expect((await run('echo fine')).stdout).toBe('fine\n')
    })

    it('runs twenty scripts at a time', async () => {
      const results = await Promise.all(Array.from({ length: 20 }, (_, index) => run(`sleep 0.2; echo ${index}`)))
      expect(results.map(({ stdout }) => stdout)).toEqual(results.map((_, index) => `${index}\n`))
    })

    it('runs the next ones where many ended while we were busy', async () => {
      let begun = 0
      let busy: (() => void) | null = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
      const onLine = (): void => {
        begun += 1
        if (begun < 8) return
        busy?.()
        busy = null
      }
      const results = await Promise.all(Array.from({ length: 20 }, () => run('echo here; sleep 0.3', { onLine })))
      expect(results.map(({ code }) => code)).toEqual(Array(20).fill(0))
    })

    it('holds a command, which hears what is written to it', async () => {
      const held = await made.host.hold('while read -r word; do echo "<$word>"; done; echo over; exit 3')
      held.write('a\nb\n')
      expect(await held.nextLine({ timeoutMs: 5_000 })).toBe('<a>')
      expect(await held.nextLine({ timeoutMs: 5_000 })).toBe('<b>')
      await held.release()
      expect(await held.nextLine({ timeoutMs: 5_000 })).toBe('over')
      expect(await held.nextLine({ timeoutMs: 5_000 })).toBeNull()
      expect(await held.ended).toMatchObject({ code: 3, stdout: '<a>\n<b>\nover\n' })
      await held.release()
      held.write('too late')
    })

    it('holds many commands, each in its turn where there are too many at a time', async () => {
      const holdOnce = async (): Promise<string | null> => {
        const held = await made.host.hold('echo held; cat')
        const line = await held.nextLine({ timeoutMs: 5_000 })
        await held.release()
        return line
      }
      const lines = await Promise.all(Array.from({ length: 12 }, holdOnce))
      expect(lines).toEqual(lines.map(() => 'held'))
    })

    it('does not wait for ever for the line of a held command', async () => {
      const held = await made.host.hold('cat')
      await expect(held.nextLine({ timeoutMs: 100 })).rejects.toMatchObject({ name: 'UserError', code: 'host-command' })
      await held.release()
    })

    it('ends a held command that does not heed the end of its input', async () => {
      const held = await made.host.hold('echo $$; sleep 300')
      const pid = Number(await held.nextLine({ timeoutMs: 5_000 }))
      await held.release()
      expect((await held.ended).code).not.toBe(0)
      await expect.poll(() => made.isAlive(pid)).toBe(false)
    })

    it('rejects what runs when the connection is lost, ends what is held, and connects anew', async () => {
      if (made.cut === null) return
      const held = await made.host.hold('echo $$; cat')
      const pid = Number(await held.nextLine({ timeoutMs: 5_000 }))
      const running = expect(run('sleep 30')).rejects.toMatchObject(UNREACHABLE)
      await run('true')
      await made.cut()
      await running
      await held.ended
      expect(await held.nextLine({ timeoutMs: 5_000 })).toBeNull()
      await held.release()
      expect((await run('echo again')).stdout).toBe('again\n')
      // Its input ended with the connection.
      await expect.poll(() => made.isAlive(pid), { timeout: 10_000 }).toBe(false)
    })

    it('connects once where many ask at the same time after a loss', async () => {
      if (made.cut === null) return
      await made.cut()
      const results = await Promise.allSettled(Array.from({ length: 12 }, () => run('echo $PPID')))
      const after = await Promise.all(Array.from({ length: 12 }, () => run('echo $PPID')))
      const reasons = results.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(reasons).toEqual(reasons.map(() => expect.objectContaining(UNREACHABLE)))
      expect(new Set(after.map(({ stdout }) => stdout)).size).toBe(1)
    })

    // Last: nothing can be run afterwards.
    it('may be closed twice, and runs nothing more', async () => {
      const held = await made.host.hold('cat')
      await made.host.close()
      await held.ended
      await made.host.close()
      await expect(run('true')).rejects.toMatchObject(UNREACHABLE)
    })
  })
}
