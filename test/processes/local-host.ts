import { spawn } from 'node:child_process'
import type { CommandResult, Host } from '../../src/hosts/host.ts'

/** This machine as a host: `sh -c` in a process group of its own, which a time limit ends as a whole. */
export function localHost(env: Readonly<Record<string, string>> = {}): Host {
  return {
    name: 'local',
    address: '127.0.0.1',
    run: (script, { timeoutMs, stdin = '', onLine }) =>
      new Promise<CommandResult>((resolve, reject) => {
        const child = spawn('sh', ['-c', script], { detached: true, env: { ...process.env, ...env } })
        const written = { stdout: '', stderr: '' }
        let timedOut = false
        const timer = setTimeout(() => {
          timedOut = true
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
        }, timeoutMs)
        for (const stream of ['stdout', 'stderr'] as const) {
          child[stream].setEncoding('utf8').on('data', (text: string) => {
            written[stream] += text
          })
        }
        child.on('error', reject)
        child.stdin.on('error', () => {})
        child.stdin.end(stdin)
        child.on('close', (code, signal) => {
          clearTimeout(timer)
          for (const stream of ['stdout', 'stderr'] as const) {
            for (const line of written[stream].split('\n').slice(0, -1)) onLine?.(line, stream)
          }
          resolve({ code, signal, timedOut, ...written })
        })
      }),
    hold: () => Promise.reject(new Error('not needed here')),
    close: async () => {},
  }
}
