/** The one folder of a demo, and everything that runs in it. Whatever the demo starts has its HOME there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PREFIX = 'zdr-demo-'
const POLL_MS = 50
/** pm2 ends its apps first, and an app its requests. */
const GENTLE_MS = 4_000
const TOTAL_MS = 10_000

/** Makes a demo's folder, after what a demo that was killed left behind has been taken away. */
export async function openGround(): Promise<string> {
  const left = readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX) && isAbandoned(entry))
  for (const entry of left) await clear(join(tmpdir(), entry))
  return mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
}

/** Ends every process of that folder, and removes it. May be called twice. */
export async function clear(folder: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < TOTAL_MS; waitedMs += POLL_MS) {
    const running = processesIn(folder)
    if (running.length === 0) break
    // Once: a second SIGTERM would make some of them hurry, and leave others behind.
    if (waitedMs === 0) for (const pid of running) send(pid, 'SIGTERM')
    if (waitedMs >= GENTLE_MS) for (const pid of running) send(pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** By the HOME that they were started with; nginx, which writes its title over that, by its title. */
function processesIn(folder: string): readonly number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    const isAtHome = read(pid, 'environ')
      .split('\0')
      .some((entry) => entry.startsWith(`HOME=${folder}/`))
    const title = read(pid, 'cmdline')
    return isAtHome || (title.startsWith('nginx: master process') && title.includes(`${folder}/`))
  })
}

/** What is not ours, or gone, has nothing to say. */
function read(pid: number, file: 'environ' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/** Another user's demo is that user's to clear. */
function isAbandoned(entry: string): boolean {
  const owner = Number.parseInt(entry.slice(PREFIX.length), 10)
  const isMine = statSync(join(tmpdir(), entry), { throwIfNoEntry: false })?.uid === process.getuid?.()
  return isMine && Number.isInteger(owner) && read(owner, 'cmdline') === ''
}
