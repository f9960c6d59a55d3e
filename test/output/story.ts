/** One report of every kind, and a deploy told by them. */
import type { HostRoom, Report, Reported } from '../../src/rollout/report.ts'

export const release = '20261121031500-5d6e7f8'
export const before = '20261120101500-1a2b3c4'
export const toSha = `5d6e7f8${'0'.repeat(33)}`
export const fromSha = `1a2b3c4${'0'.repeat(33)}`

export type Kind = Report['type']
type Of<K extends Kind> = Extract<Report, { type: K }>

/** The compiler proves that none is missing. */
export const samples: { readonly [K in Kind]: Of<K> } = {
  started: { type: 'started', command: 'deploy', environment: 'production', hosts: ['web-1', 'web-2', 'web-3'] },
  phase: { type: 'phase', phase: 'roll' },
  note: { type: 'note', level: 'warning', host: 'web-2', text: 'needs a look:\nsudo sh setup.sh' },
  finding: { type: 'finding', weight: 'error', host: 'web-3', text: 'no git on the PATH', hint: 'apt install git' },
  examined: { type: 'examined', environment: 'production', looked: ['ecosystem.config.js', '3 of 3 hosts'] },
  resolved: {
    type: 'resolved',
    ref: 'origin/main',
    sha: toSha,
    from: fromSha,
    release,
    commits: ['5d6e7f8 Add the basket'],
  },
  output: { type: 'output', host: 'web-1', line: 'added 12 packages' },
  step: {
    type: 'step',
    state: 'failed',
    hosts: ['web-2'],
    step: 'verify',
    release,
    back: false,
    tookMs: 4000,
    reason: '500 in 3 ms',
    log: "Error: Cannot find module './price'\n    at Module.load",
  },
  waiting: { type: 'waiting', host: 'web-1', step: 'drain', text: '3 connections left' },
  paused: { type: 'paused', after: ['web-1'], until: '2026-11-21T04:15:00.000Z' },
  answered: { type: 'answered', answer: 'resume', by: 'ada@laptop' },
  serving: { type: 'serving', serving: 2, total: 3 },
  plan: {
    type: 'plan',
    sha: toSha,
    from: fromSha,
    release,
    batches: [
      { hosts: ['web-1', 'web-2'], pause: false },
      { hosts: ['web-3'], pause: false },
    ],
    cuts: [],
    minServing: 1,
    soakMs: 0,
    skipped: [],
    migrate: null,
    hosts: [
      { host: 'web-1', from: fromSha, what: 'roll' },
      { host: 'web-2', from: null, what: 'roll, stays out' },
      { host: 'web-3', from: before, what: 'leave alone' },
    ],
    room: [roomOn('web-1'), roomOn('web-2')],
    shared: ['.env leads to $SHARED/.env'],
    hooks: {
      preDeployLocal: ['npm test'],
      preDeploy: ['./backup.sh'],
      postSetup: ['mkdir -p logs'],
      postDeployLocal: ['./tell.sh'],
    },
    prepare: ['npm ci', 'npm run build'],
    activate: ['pm2 reload ecosystem.config.js --env production'],
    reason: 'split before `pm2`',
  },
  status: {
    type: 'status',
    environment: 'production',
    hosts: [
      {
        host: 'web-1',
        reachable: true,
        release,
        sha: toSha,
        rotation: 'in',
        healthy: true,
        health: '200 in 12 ms',
        since: '2026-11-21T03:15:00.000Z',
        attention: [],
      },
      {
        host: 'web-2',
        reachable: false,
        release: null,
        sha: null,
        rotation: 'unknown',
        healthy: null,
        health: 'no connection within 15 s',
        since: null,
        attention: ['not reachable: no connection within 15 s'],
      },
    ],
    cutOff:
      'the deploy of 5d6e7f8 by grace@desk, begun at 2026-11-21T02:15:00.000Z, was cut off: `zdr-deploy production resume` goes on with it, `zdr-deploy production abort` takes it back',
    lock: 'being deployed by ada@laptop since 03:14',
  },
  releases: {
    type: 'releases',
    what: 'current',
    hosts: [
      { host: 'web-1', release, sha: toSha },
      { host: 'web-2', release: null, sha: null },
    ],
    agree: false,
  },
  history: {
    type: 'history',
    deployed: [
      { back: 0, release, sha: toSha, at: '2026-11-21T03:15:00.000Z', by: 'ada@laptop', only: null },
      { back: 1, release: before, sha: fromSha, at: '2026-11-20T10:15:00.000Z', by: 'grace@desk', only: ['web-1'] },
    ],
  },
  printed: { type: 'printed', host: 'web-1', stream: 'stdout', line: '3 processes' },
  ran: { type: 'ran', host: 'web-2', code: 3, reason: 'ended with 3' },
  finished: {
    type: 'finished',
    command: 'deploy',
    outcome: {
      kind: 'rolled back',
      failure: 'web-2 not verified: 500 in 3 ms',
      hosts: [
        { host: 'web-1', release: before, state: 'serving', reason: null },
        { host: 'web-2', release: before, state: 'serving', reason: 'not verified: 500 in 3 ms' },
        { host: 'web-3', release: before, state: 'serving', reason: null },
      ],
    },
    exitCode: 3,
    fromSha,
    toSha,
    tookMs: 42_140,
    outMs: { 'web-1': 6100, 'web-2': 71_000 },
  },
  error: {
    type: 'error',
    code: 'locked',
    message: 'production is being deployed by ada@laptop',
    hint: 'Wait for it.',
    output: 'since 03:14',
    exitCode: 5,
  },
}

/** The disk of a host that is like the others. */
export function roomOn(host: string): HostRoom {
  return {
    host,
    releases: 5,
    takenBytes: 2_500 * 2 ** 20,
    freeBytes: 30 * 2 ** 30,
    freeInodes: 1_000_000,
    needBytes: 512 * 2 ** 20,
    needInodes: 40_000,
    goesFirst: [],
    goesAfter: [before],
    lacks: null,
  }
}

export const kinds = Object.keys(samples) as readonly Kind[]

/** What only an output for answers draws. */
export const answers: readonly Kind[] = ['releases', 'history', 'printed', 'ran']

/** Stamps reports a second apart. */
export function at(reports: readonly Report[]): readonly Reported[] {
  const start = Date.parse('2026-11-21T03:15:00.000Z')
  return reports.map((report, index) => ({ ...report, at: new Date(start + index * 1000).toISOString() }))
}

export function stamped(report: Report): Reported {
  return { ...report, at: '2026-11-21T03:15:00.000Z' }
}

/** One host's step, as short as a test wants to write it. */
export function step(host: string, name: Of<'step'>['step'], state: Of<'step'>['state'], back = false): Of<'step'> {
  return { type: 'step', state, hosts: [host], step: name, release, back }
}
