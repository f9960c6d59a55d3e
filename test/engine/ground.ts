/** Hosts as folders of this machine, with a real shell; the app on them and the balancer before them are fakes. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { type HostView, inspectHost } from '../../src/engine/inspect.ts'
import type { Manifest } from '../../src/hosts/history.ts'
import type { Host } from '../../src/hosts/host.ts'
import { layout } from '../../src/hosts/layout.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { fakeBalancer, fakeState } from '../balancers/fake-balancer.ts'
import { localHost } from '../balancers/local-host.ts'
import { apps, entry, type FakeFleet, fleet, manifest, process } from './fakes.ts'

export const v1 = '20261101000000-1111111'
export const v2 = '20261102000000-2222222'

export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-engine-')))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

export function localMachine(name: string, base: string): Machine {
  return machineOn(localHost(name), base)
}

/** What stands below `base` is worked with over that host, whatever it is. */
export function machineOn(host: Host, base: string): Machine {
  const at = layout(base)
  return { name: host.name, host, layout: at, depot: shellDepot(host, at) }
}

/** Every host runs v1, and has v2 prepared. */
export function ground(names: readonly string[], change: Parameters<typeof fleet>[0] = {}) {
  const base = folder()
  const machines = names.map((name) => localMachine(name, join(base, name)))
  const running = apps()
  const balancer = fakeState(names)
  for (const machine of machines) {
    layOut(machine, manifest(v1, { verifiedAt: '2026-11-01T00:00:00.000Z' }))
    layOut(machine, manifest(v2, { state: 'prepared' }))
    symlinkSync(join(machine.layout.releases, v1), machine.layout.current)
    writeFileSync(machine.layout.history, `${JSON.stringify(entry(v1))}\n`)
    running.of(machine.name).processes = [process({ pid: 1, cwd: join(machine.layout.releases, v1) })]
  }
  const all = fleet({
    machines,
    balancer: fakeBalancer(balancer),
    health: running.health,
    processesOf: (_, machine) => running.processes(machine),
    ...change,
  })
  return { fleet: all, apps: running, balancer, look: () => look(all), active: () => machines.map(activeOn) }
}

export function look(all: FakeFleet): Promise<readonly HostView[]> {
  return Promise.all(all.machines.map((machine) => inspectHost(all, machine)))
}

function activeOn({ layout: { current } }: Machine): string {
  return basename(realpathSync(current))
}

export interface Repository {
  readonly repo: string
  /** Of `main`. */
  readonly sha: string
}

/** A repository of one commit, on the branch `main`. */
export function repository(): Repository {
  const repo = join(folder(), 'shop.git')
  mkdirSync(repo)
  const who = ['user.name=Ada', 'user.email=ada@example.com', 'commit.gpgsign=false'].flatMap((each) => ['-c', each])
  const git = (...words: readonly string[]): string =>
    execFileSync('git', [...who, ...words], { cwd: repo, encoding: 'utf8' }).trim()
  git('init', '--quiet', '--initial-branch=main')
  writeFileSync(join(repo, 'server.js'), 'one')
  git('add', '.')
  git('commit', '--quiet', '-m', 'one')
  return { repo, sha: git('rev-parse', 'HEAD') }
}

export function layOut({ layout: { releases, manifests } }: Machine, written: Manifest): void {
  mkdirSync(join(releases, written.id), { recursive: true })
  mkdirSync(manifests, { recursive: true })
  writeFileSync(join(manifests, `${written.id}.json`), JSON.stringify(written))
}
