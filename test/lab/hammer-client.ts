/** The hammer's own process: makes requests at a steady rate, and counts. Started by hammer.ts. */
import http from 'node:http'
import {
  type Failure,
  type HammerCounts,
  type HammerOrder,
  type HammerSettings,
  KINDS,
  type Kind,
} from './hammer-counts.ts'
import { request, type Target } from './hammer-request.ts'

const TICK_MS = 20
const SAMPLES_MAX = 10
const IN_FLIGHT_MAX = 1_000
const SOCKETS_MAX = 16

const settings = JSON.parse(process.argv[2] ?? '') as HammerSettings
const target: Target = {
  url: new URL(settings.url),
  keepAlive: new http.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, maxFreeSockets: SOCKETS_MAX }),
  timeoutMs: settings.requestTimeoutMs,
}
const startedAtMs = performance.now()
const started = perKind(() => 0)
const results = perKind(() => ({ ok: 0, failed: 0 }))
const samples: Failure[] = []
const versionsSeen: Record<string, number> = {}
const hostsSeen: Record<string, number> = {}
const inFlight = new Set<Promise<void>>()
let goal: number | null = null

const ticking = setInterval(launchDue, TICK_MS)
process.on('message', (order: HammerOrder) => void obey(order))
// Whoever started it is gone: nobody will ask for the counts.
process.on('disconnect', () => process.exit(1))

function launchDue(): void {
  const elapsedMs = performance.now() - startedAtMs
  if (elapsedMs > settings.durationMs) clearInterval(ticking)
  for (const kind of KINDS) {
    const due = Math.floor((elapsedMs / 1000) * settings.rates[kind])
    for (; started[kind] < due; started[kind]++) if (inFlight.size < IN_FLIGHT_MAX) launch(kind, started[kind])
  }
}

function launch(kind: Kind, number: number): void {
  const running = attempt(kind, number)
  inFlight.add(running)
  void running.then(() => {
    inFlight.delete(running)
    if (goal !== null && totalOf('ok') + totalOf('failed') >= goal) report()
  })
}

async function attempt(kind: Kind, number: number): Promise<void> {
  const beganAtMs = performance.now()
  const { what, version, host } = await request(target, kind, number)
  if (what === null) {
    results[kind].ok++
    if (version !== null) versionsSeen[version] = (versionsSeen[version] ?? 0) + 1
    if (host !== null) hostsSeen[host] = (hostsSeen[host] ?? 0) + 1
    return
  }
  results[kind].failed++
  if (samples.length >= SAMPLES_MAX) return
  const afterMs = Math.round(performance.now() - beganAtMs)
  samples.push({ kind, at: new Date().toISOString(), afterMs, what, version, host })
}

async function obey(order: HammerOrder): Promise<void> {
  switch (order.order) {
    case 'reach':
      goal = order.total
      if (totalOf('ok') + totalOf('failed') >= goal) report()
      return
    case 'stop':
      clearInterval(ticking)
      await Promise.all(inFlight)
      report()
      process.disconnect()
  }
}

function report(): void {
  goal = null
  const failed = totalOf('failed')
  const counts = { total: totalOf('ok') + failed, failed, byKind: results, samples, versionsSeen, hostsSeen }
  process.send?.(counts satisfies HammerCounts)
}

function totalOf(result: 'ok' | 'failed'): number {
  return KINDS.reduce((sum, kind) => sum + results[kind][result], 0)
}

function perKind<T>(make: () => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make()])) as Record<Kind, T>
}
