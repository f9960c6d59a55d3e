/** A host whose line can be cut, and which is looked at without it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../../src/errors.ts'
import type { Host } from '../../src/hosts/host.ts'
import { stepHosts } from '../../src/hosts/job.ts'
import { layout } from '../../src/hosts/layout.ts'
import { localHost } from '../balancers/local-host.ts'

export function stepGround(onTestFinished: (end: () => void) => void) {
  const base = mkdtempSync(join(tmpdir(), 'zdr-step-'))
  const places = layout(base)
  const line = cuttable(localHost('web-1'))
  mkdirSync(places.zdr, { mode: 0o700 })
  onTestFinished(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }))
  return {
    base,
    layout: places,
    line,
    /** Says whose the lock is, as whoever takes it over does. */
    own: (token: string) => writeFileSync(places.lock, `${JSON.stringify({ token })}\n`),
    stepsOf: stepHosts(line.host, places),
    file: (name: string) => join(base, name),
    /** What a script waits for, and what lets it go on. */
    gate: `until [ -e ${join(base, 'gate')} ]; do sleep 0.05; done`,
    openGate: () => writeFileSync(join(base, 'gate'), ''),
    lines: (name: string) => readFileSync(join(base, name), 'utf8').trim().split('\n'),
    /** What is kept of the steps of that deploy. */
    kept: (token: string) => new Set(filesIn(join(places.zdr, 'steps', token)).map((file) => file.split('.')[0])),
    /** Processes that have something open below it. */
    users: () => processes().filter((pid) => openFiles(pid).some((path) => path.startsWith(`${base}/`))),
  }
}

export interface Line {
  readonly host: Host
  /** Scripts that it was given. */
  readonly asked: () => number
  /** As a network does: what runs goes on unheard. With an error that is no matter of the line, it is given up at once. */
  readonly cut: (error?: UserError) => void
  readonly mend: () => void
  /** Loses the next answer, when all is done. */
  readonly loseAnswer: () => void
}

function cuttable(host: Host): Line {
  const cuts = new Set<(error: UserError) => void>()
  let cutBy: UserError | null = null
  let losesAnswer = false
  let asked = 0
  const run: Host['run'] = async (script, options) => {
    asked += 1
    if (cutBy !== null) throw cutBy
    let isHeard = true
    const away = new Promise<never>((_, reject) => {
      cuts.add((error) => {
        isHeard = false
        reject(error)
      })
    })
    const answer = host.run(script, { ...options, onLine: (...said) => isHeard && options.onLine?.(...said) })
    const result = await Promise.race([answer, away])
    if (!losesAnswer) return result
    losesAnswer = false
    throw lost()
  }
  return {
    host: { ...host, run },
    asked: () => asked,
    cut: (error = lost()) => {
      cutBy = error
      for (const cut of cuts) cut(error)
      cuts.clear()
    },
    mend: () => {
      cutBy = null
    },
    loseAnswer: () => {
      losesAnswer = true
    },
  }
}

function lost(): UserError {
  return new UserError('host-unreachable', 'cannot reach web-1: the connection was lost')
}

/** Resolves as soon as a script has said that line. */
export function hearing(wanted: string): { readonly onLine: (line: string) => void; readonly heard: Promise<void> } {
  let say = (): void => {}
  const heard = new Promise<void>((resolve) => {
    say = resolve
  })
  return { heard, onLine: (line) => line === wanted && say() }
}

export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** As the kernel tells it: with its number, it names a process for ever. */
export function startOf(pid: number): string {
  return (
    readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')[19] ?? ''
  )
}

function processes(): readonly number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

function openFiles(pid: number): readonly string[] {
  return filesIn(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${descriptor}`)]
    } catch {
      return []
    }
  })
}

/** None where the folder is not there. */
function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
