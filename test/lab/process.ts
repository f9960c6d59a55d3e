import { execFile } from 'node:child_process'

export interface RunResult {
  /** The exit status; null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly timeoutMs?: number
  readonly stdin?: string
  readonly cwd?: string
}

/** What every program of the lab finds on its path, whatever the shell that started the tests has set. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const RUN_TIMEOUT_MS = 30_000
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024

/** Runs a program to its end. An exit status other than 0 is a result; a program that cannot be started is an error. */
export function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const settings = {
      cwd: options.cwd ?? '/',
      env: { PATH: SYSTEM_PATH },
      timeout: options.timeoutMs ?? RUN_TIMEOUT_MS,
      killSignal: 'SIGKILL' as const,
      maxBuffer: OUTPUT_MAX_BYTES,
    }
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === 'string') return reject(error)
      resolve({ code: child.exitCode, stdout, stderr })
    })
    // A program that ends without reading its input is judged by its exit status, not by the broken pipe.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.stdin ?? '')
  })
}

/** As `run`, for what must succeed: resolves with stdout, rejects with the program's own words. */
export async function demand(file: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(file, args, options)
  if (code === 0) return stdout
  throw new Error(`${file} ${args.join(' ')} ended with ${code ?? 'a signal'}:\n${stderr}${stdout}`)
}
