/** Hosts as folders of this machine, and a real repository: `plan` goes as far as a deploy does before its first change. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Balancer } from '../../src/balancers/balancer.ts'
import type { Invocation } from '../../src/commands/arguments.ts'
import { plan } from '../../src/commands/plan.ts'
import type { EnvironmentConfig, RolloutConfig } from '../../src/config/types.ts'
import type { Machine } from '../../src/engine/fleet.ts'
import { UserError } from '../../src/errors.ts'
import type { MigrationEntry } from '../../src/hosts/history.ts'
import type { Report } from '../../src/rollout/report.ts'
import { manifest } from '../engine/fakes.ts'
import { ground, layOut, repository, v1 } from '../engine/ground.ts'
import { context, environment, plainWishes } from './environment.ts'

type Plan = Extract<Invocation, { verb: 'plan' }>

const deploy: Plan = {
  verb: 'plan',
  environment: 'production',
  configFile: null,
  ...plainWishes,
  allowDowntime: true,
}
const back: Plan = { ...deploy, goal: { kind: 'release', release: v1 } }

const hooks: EnvironmentConfig['hooks'] = {
  ...environment().hooks,
  preDeployLocal: ['npm test'],
  preDeploy: ['./backup.sh'],
  postSetup: ['mkdir -p logs'],
  postDeployLocal: ['./tell.sh'],
}

interface Given {
  readonly wish?: Partial<Plan>
  readonly rollout?: Partial<RolloutConfig>
  readonly migrations?: readonly MigrationEntry[]
  readonly freeBytes?: number
  /** Nothing was deployed to b by us. */
  readonly isFirst?: boolean
  /** On b the app runs from the `source` of `pm2 deploy`, with this file in it. */
  readonly left?: string
  readonly config?: Partial<EnvironmentConfig>
  /** What the balancer says of itself: then it says nothing else. */
  readonly fault?: string
}

async function planned(given: Given) {
  const { wish = {}, rollout = {}, migrations = [], freeBytes = 10 ** 10, isFirst = false } = given
  const on = ground(['a', 'b'])
  const { repo, sha } = repository()
  for (const machine of on.fleet.machines) {
    layOut(machine, manifest(v1, { verifiedAt: '2026-11-01T00:00:00.000Z', at: '2026-11-01T00:00:00.000Z' }))
    mkdirSync(dirname(machine.layout.migrations), { recursive: true })
    writeFileSync(machine.layout.migrations, migrations.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
  }
  const batches = ['a', 'b'].map((host) => ({ hosts: [host], pause: false }))
  const config: EnvironmentConfig = {
    ...environment({ repo, ref: 'main', migrate: 'npm run migrate', hooks, ...given.config }),
    rollout: { ...environment().rollout, batches, ...rollout },
  }
  const last = on.fleet.machines[1]
  if (given.left !== undefined && last !== undefined) leave(last, { repo, file: given.left })
  const around = context()
  const machines = on.fleet.machines.map((machine) => {
    const none = isFirst && machine.name === 'b' ? { manifests: [] } : {}
    const inspect = async () => ({ ...(await machine.depot.inspect()), freeBytes, ...none })
    return { ...machine, depot: { ...machine.depot, inspect } }
  })
  const balancer = given.fault === undefined ? on.fleet.balancer : faulty(on.fleet.balancer, given.fault)
  const open = { fleet: { ...on.fleet, balancer, machines, report: around.report }, findings: [] }
  const ending = plan({ ...deploy, ...wish }, { config, context: around, open, uploads: [] })
  return { ending, sha, reports: around.reports }
}

function faulty(balancer: Balancer, text: string): Balancer {
  return {
    ...balancer,
    preflight: async () => [{ weight: 'error', host: 'lb', text }],
    observe: () => Promise.reject(new UserError('balancer', text)),
  }
}

function leave(
  { layout: { source, current } }: Machine,
  { repo, file }: { readonly repo: string; readonly file: string },
) {
  execFileSync('git', ['clone', '--quiet', repo, source])
  writeFileSync(join(source, file), '')
  rmSync(current)
  symlinkSync(source, current)
}

function notes(reports: readonly Report[]): readonly string[] {
  return reports.flatMap((report) => (report.type === 'note' ? [report.text] : []))
}

const entry: MigrationEntry = {
  at: '2026-11-20T10:00:00.000Z',
  run: 'one',
  sha: '9'.repeat(40),
  command: 'npm run migrate',
  state: 'started',
  by: 'ada@laptop',
}

describe('plan', () => {
  test('is told before the balancer was set up, and ends as a deploy would', async () => {
    const { ending, reports } = await planned({ fault: 'there is no switch folder' })
    await expect(ending).rejects.toMatchObject({ code: 'preflight' })
    expect(reports.find(({ type }) => type === 'plan')).toMatchObject({ batches: [{ hosts: ['a'] }, { hosts: ['b'] }] })
    expect(reports).toContainEqual(expect.objectContaining({ type: 'finding', text: 'there is no switch folder' }))
  })

  test('says how long a pause waits, and what no answer means, where there is a pause', async () => {
    const { ending, reports } = await planned({ wish: { pauseAfter: 'canary' } })
    expect(await ending).toBe(0)
    expect(notes(reports)).toEqual(['a pause waits 1 h for a yes; no answer is a no, and a no is a failure'])
    const without = await planned({})
    await without.ending
    expect(notes(without.reports)).toEqual([])
  })

  test('says that hosts stay updated where `on-failure` is `stop`', async () => {
    const { ending, reports } = await planned({ rollout: { onFailure: 'stop' } })
    expect(await ending).toBe(0)
    expect(notes(reports)).toEqual(['on-failure is `stop`: a host that fails goes back, those updated before it stay'])
  })

  test('ends as the deploy would where a migration was cut off, in the same words', async () => {
    const { ending, reports } = await planned({ migrations: [entry] })
    await expect(ending).rejects.toMatchObject({
      code: 'preflight',
      message: expect.stringContaining('was begun by ada@laptop'),
      hint: expect.stringContaining('--migrate again'),
    })
    expect(reports).toContainEqual(expect.objectContaining({ type: 'plan' }))
  })

  test.each(['again', 'done'] as const)('goes on where `--migrate %s` is said of it', async (migrate) => {
    const { ending, reports } = await planned({ migrations: [entry], wish: { migrate } })
    expect(await ending).toBe(0)
    const shown = reports.flatMap((report) => (report.type === 'plan' ? [report.migrate] : []))
    // It was cut off in another commit: that of this one is due, whatever becomes of the other.
    expect(shown).toEqual([expect.stringMatching(/^npm run migrate, once, on a/)])
  })

  test('says what a release takes and what is free, and ends as the deploy would where that is too little', async () => {
    const { ending, reports } = await planned({})
    expect(await ending).toBe(0)
    const shown = reports.flatMap((report) => (report.type === 'plan' ? report.room : []))
    expect(shown).toMatchObject(['a', 'b'].map((host) => ({ host, releases: 2, lacks: null })))
    const full = await planned({ freeBytes: 0 })
    await expect(full.ending).rejects.toMatchObject({ code: 'preflight' })
    expect(full.reports.map(({ type }) => type).slice(-3)).toEqual(['plan', 'finding', 'finding'])
    const goingBack = await planned({ freeBytes: 0, wish: back })
    expect(await goingBack.ending).toBe(0)
  })

  test('ends, as the deploy would, where a release would lack what lies in the `source` of pm2 deploy, named or not', async () => {
    const shared = await planned({ left: 'uploads', config: { shared: ['uploads/'] } })
    await expect(shared.ending).rejects.toMatchObject({ code: 'preflight' })
    expect(shared.reports).toContainEqual({
      type: 'finding',
      weight: 'error',
      host: 'b',
      text: expect.stringMatching(/source lies what the repository does not have.*\n {2}uploads/),
      hint: expect.stringContaining('`zdr-deploy production setup` takes over'),
    })
    const ignored = await planned({ left: 'build.log', config: { ignore: ['build.log'] } })
    expect(await ignored.ending).toBe(0)
    const goingBack = await planned({ left: 'uploads', wish: back })
    expect(await goingBack.ending).toBe(0)
  })

  test('shows each hook where it will run, and only there', async () => {
    const shown = async (given: Given) => {
      const { ending, reports } = await planned(given)
      await ending
      return reports.flatMap((report) => (report.type === 'plan' ? [report.hooks] : []))
    }
    const { preDeployLocal, preDeploy, postSetup, postDeployLocal } = hooks
    const every = { preDeployLocal, preDeploy, postSetup, postDeployLocal }
    expect(await shown({})).toEqual([{ ...every, postSetup: [] }])
    expect(await shown({ isFirst: true })).toEqual([every])
    const none = { preDeployLocal: [], preDeploy: [], postSetup: [] }
    expect(await shown({ wish: back })).toEqual([{ ...every, ...none }])
  })

  test('for a way back says which migrations are not undone', async () => {
    const { ending, reports } = await planned({ wish: back, migrations: [entry, { ...entry, state: 'done' }] })
    expect(await ending).toBe(0)
    expect(notes(reports)).toEqual([expect.stringMatching(/`npm run migrate` of 9999999, .* is not undone/)])
  })
})
