import { describe, expect, test } from 'vitest'
import { createBlocks } from '../../src/output/blocks.ts'
import { plainPaint } from '../../src/output/paint.ts'
import type { HostOutcome, OutcomeKind } from '../../src/rollout/model.ts'
import type { ExitCode, Report } from '../../src/rollout/report.ts'
import { release, roomOn, samples } from './story.ts'

function drawn(reports: readonly Report[], columns = 100): string {
  const blocks = createBlocks(() => ({ paint: plainPaint, columns }))
  return reports.flatMap((report) => blocks.take(report)).join('\n')
}

function ended(kind: OutcomeKind, exitCode: ExitCode, hosts: readonly HostOutcome[] = []): string {
  const finished = { ...samples.finished, exitCode, outcome: { kind, hosts, failure: null }, outMs: {} }
  return drawn([samples.started, finished])
}

describe('the end', () => {
  test('a failed deploy tells log, hosts, reason, outcome, exit code and what to do', () => {
    expect(drawn([samples.started, samples.step, samples.finished])).toMatchInlineSnapshot(`
      "web-2: not verified; its last 2 lines:
        │ Error: Cannot find module './price'
        │     at Module.load
        web-1  20261120101500-1a2b3c4  serving  out of rotation for 6.1 s
        web-2  20261120101500-1a2b3c4  serving  out of rotation for 1 min 11 s
        web-3  20261120101500-1a2b3c4  serving
      ✖ web-2 not verified: 500 in 3 ms
      rolled back  production  to 1a2b3c4  in 42.1 s
      exit 3: failed and rolled back
      → Every host is on the release it came from. Mend what failed, and run \`zdr-deploy production\` again."
    `)
  })

  test('after a way back, a host that does not serve is named', () => {
    const up = { host: 'web-1', release, state: 'serving', reason: null } as const
    const byHand = { host: 'web-2', release, state: 'out by hand', reason: null } as const
    const down = { host: 'web-3', release: null, state: 'not serving', reason: null } as const
    expect(ended('rolled back', 3, [up, byHand])).toContain('Every host is on the release it came from.')
    const text = ended('rolled back', 3, [up, down])
    expect(text).toContain('Not serving: web-3. Every other host is on the release it came from.')
    expect(text).not.toContain('Every host is')
    expect(ended('rolled back', 3, [down])).not.toContain('release it came from')
  })

  test('a good deploy tells from where to where, and has nothing to add', () => {
    const hosts = [{ host: 'web-1', release, state: 'serving', reason: null }] as const
    expect(ended('deployed', 0, hosts)).toMatchInlineSnapshot(`
      "  web-1  20261121031500-5d6e7f8  serving
      deployed  production  1a2b3c4 → 5d6e7f8  in 42.1 s
      exit 0: every host is verified on the release"
    `)
  })

  test('a deploy that went on without a host says so, and that nothing else is to be done', () => {
    const hosts = [
      { host: 'web-1', release, state: 'serving', reason: null },
      { host: 'web-3', release: null, state: 'skipped', reason: null },
    ] as const
    expect(ended('deployed', 4, hosts)).toMatchInlineSnapshot(`
      "  web-1  20261121031500-5d6e7f8  serving
        web-3  –                       SKIPPED: the next deploy brings it up to date
      deployed, without web-3  production  1a2b3c4 → 5d6e7f8  in 42.1 s
      exit 4: incomplete: someone should look
      → See that web-3 can be reached, then run \`zdr-deploy production\` again."
    `)
    expect(ended('deployed', 0, hosts)).toContain('exit 0: every host but web-3 is verified on the release')
    expect(ended('deployed', 0, hosts)).not.toContain('→ See')
  })

  test('going back without a host is told as what was asked for', () => {
    const hosts = [{ host: 'web-3', release: null, state: 'skipped', reason: null }] as const
    const outcome = { kind: 'deployed', hosts, failure: null } as const
    const text = drawn([{ ...samples.finished, command: 'rollback', exitCode: 4, outcome }])
    expect(text).toContain('rolled back, as asked, without web-3')
  })

  test('a lost host is named, and stands in what to do next', () => {
    const hosts = [
      { host: 'web-1', release, state: 'serving', reason: null },
      { host: 'web-2', release: null, state: 'lost', reason: 'reload: exit 1' },
      { host: 'web-3', release: null, state: 'unknown', reason: null },
    ] as const
    expect(ended('incomplete', 4, hosts)).toMatchInlineSnapshot(`
      "  web-1  20261121031500-5d6e7f8  serving
        web-2  –                       LOST: out of rotation, and its recovery failed
        web-3  –                       UNKNOWN: nobody could see whether it is in rotation
      ✖ web-2: reload: exit 1
      incomplete  production  1a2b3c4 → 5d6e7f8  in 42.1 s
      exit 4: incomplete: someone should look
      → Look at web-2, web-3; \`zdr-deploy production status\` shows what is so now. Then run \`zdr-deploy production\` again, or add --rollback: it starts from what it finds, nothing has to be repaired by hand."
    `)
  })

  test('an interrupted deploy tells how to finish and how to go back', () => {
    const text = ended('interrupted', 130)
    expect(text).toContain('`zdr-deploy production`')
    expect(text).toContain('--rollback')
  })

  test('going back on purpose does not read as a failure', () => {
    const outcome = { kind: 'deployed', hosts: [], failure: null } as const
    const text = drawn([{ ...samples.finished, command: 'rollback', exitCode: 0, outcome }])
    expect(text).toContain('rolled back, as asked')
  })

  test('no more than the last 30 lines of a log are shown', () => {
    const log = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n')
    const text = drawn([{ ...samples.step, log }, samples.finished])
    expect(text).toContain('line 70\n')
    expect(text).not.toContain('line 69\n')
  })
})

describe('plan', () => {
  test('shows batches, where each host comes from, and which command runs when', () => {
    expect(drawn([samples.plan])).toMatchInlineSnapshot(`
      "1a2b3c4 → 5d6e7f8  release 20261121031500-5d6e7f8
        batch 1  web-1  roll, from 1a2b3c4
                 web-2  roll, stays out, nothing runs there yet
        batch 2  web-3  leave alone, from 20261120101500-1a2b3c4
      At least 1 of 3 hosts serving at every moment, or as many as serve before where that is fewer.
      On this machine, first:
        npm test
      In the release that runs, on each host:
        ./backup.sh
      Shared:
        .env leads to $SHARED/.env
      Once, in the first release of a host:
        mkdir -p logs
      Beside the running app:
        npm ci
        npm run build
      While a host is out:
        pm2 reload ecosystem.config.js --env production
      split before \`pm2\`
      On this machine, at the end:
        ./tell.sh
      On the disks:
        web-1, web-2: 5 releases, 2.4 GiB; 30.0 GiB free; a new one takes about 512 MiB
          removed at the end: 20261120101500-1a2b3c4
      Nothing that runs was touched."
    `)
  })

  test('shows pauses, what was cut, the soak, who is skipped, and the migration', () => {
    const [first = { hosts: [], pause: false }, second = first] = samples.plan.batches
    const plan: Report = {
      ...samples.plan,
      batches: [{ ...first, pause: true }, second],
      cuts: ['a batch of 100% (4 of 4 hosts) is cut to 3: min-serving 1 of 4 hosts go on serving'],
      soakMs: 300_000,
      skipped: ['web-4'],
      migrate: 'npm run migrate, once, on web-1',
      hosts: [...samples.plan.hosts, { host: 'web-4', from: null, what: 'skip' }],
    }
    expect(drawn([plan])).toMatchInlineSnapshot(`
      "1a2b3c4 → 5d6e7f8  release 20261121031500-5d6e7f8
        batch 1         web-1  roll, from 1a2b3c4
                        web-2  roll, stays out, nothing runs there yet
        pause: it waits for a yes
        batch 2         web-3  leave alone, from 20261120101500-1a2b3c4
        not in a batch  web-4  skip
      At least 1 of 4 hosts serving at every moment, or as many as serve before where that is fewer.
      Each batch has to stay healthy in rotation for 5 min before the next one.
      ! a batch of 100% (4 of 4 hosts) is cut to 3: min-serving 1 of 4 hosts go on serving
      ! Skipped: web-4. It stays out of rotation until a deploy has brought it up to date.
      On this machine, first:
        npm test
      In the release that runs, on each host:
        ./backup.sh
      Shared:
        .env leads to $SHARED/.env
      Once, in the first release of a host:
        mkdir -p logs
      Beside the running app:
        npm ci
        npm run build
      Before the first batch:
        npm run migrate, once, on web-1
      While a host is out:
        pm2 reload ecosystem.config.js --env production
      split before \`pm2\`
      On this machine, at the end:
        ./tell.sh
      On the disks:
        web-1, web-2: 5 releases, 2.4 GiB; 30.0 GiB free; a new one takes about 512 MiB
          removed at the end: 20261120101500-1a2b3c4
      Nothing that runs was touched."
    `)
  })

  test('shows what is on the disks, in one line for hosts that are alike, and what goes from them', () => {
    const room = [
      roomOn('web-1'),
      { ...roomOn('web-2'), freeBytes: 28.5 * 2 ** 30 },
      { ...roomOn('web-3'), freeBytes: 2 ** 20, goesFirst: [release], goesAfter: [], lacks: 'bytes' as const },
      { ...roomOn('web-4'), releases: 0, takenBytes: 0, freeBytes: null, needBytes: null, goesAfter: [] },
    ]
    const text = drawn([{ ...samples.plan, room }])
    expect(text.slice(text.indexOf('On the disks'), text.indexOf('Nothing that'))).toMatchInlineSnapshot(`
      "On the disks:
        web-1, web-2: 5 releases, 2.4 GiB; 28.5 GiB to 30.0 GiB free; a new one takes about 512 MiB
          removed at the end: 20261120101500-1a2b3c4
        web-3: 5 releases, 2.4 GiB; 1 MiB free; a new one takes about 512 MiB; too little room
          removed before it is prepared: 20261121031500-5d6e7f8
        web-4: no release yet
      "
    `)
    expect(drawn([{ ...samples.plan, room: [] }])).not.toContain('disks')
  })

  test('no host is left out, even one that is in no batch', () => {
    expect(drawn([{ ...samples.plan, batches: [{ hosts: ['web-1'], pause: false }] }])).toContain(
      'not in a batch  web-2',
    )
  })
})

describe('status', () => {
  test('is a table, and below it what somebody should look at', () => {
    expect(drawn([samples.status])).toMatchInlineSnapshot(`
      "production  2 hosts, 1 commit
      HOST   COMMIT   ROTATION  HEALTH                 SINCE                 RELEASE
      web-1  5d6e7f8  in        healthy, 200 in 12 ms  2026-11-21 03:15 UTC  20261121031500-5d6e7f8
      web-2  –        unknown   not reachable          –                     –
      ! web-2: not reachable: no connection within 15 s
      ! the deploy of 5d6e7f8 by grace@desk, begun at 2026-11-21T02:15:00.000Z, was cut off: \`zdr-deploy production resume\` goes on with it, \`zdr-deploy production abort\` takes it back
      ! being deployed by ada@laptop since 03:14"
    `)
  })

  test('stands host below host where the terminal is too narrow', () => {
    expect(drawn([samples.status], 50)).toMatchInlineSnapshot(`
      "production  2 hosts, 1 commit
      web-1
        commit    5d6e7f8
        rotation  in
        health    healthy, 200 in 12 ms
        since     2026-11-21 03:15 UTC
        release   20261121031500-5d6e7f8
      web-2
        commit    –
        rotation  unknown
        health    not reachable
        since     –
        release   –
      ! web-2: not reachable: no connection within 15 s
      ! the deploy of 5d6e7f8 by grace@desk, begun at 2026-11-21T02:15:00.000Z, was cut off: \`zdr-deploy production resume\` goes on with it, \`zdr-deploy production abort\` takes it back
      ! being deployed by ada@laptop since 03:14"
    `)
  })
})

test('an error shows message, output and what to do next', () => {
  expect(drawn([samples.error])).toMatchInlineSnapshot(`
    "✖ production is being deployed by ada@laptop
      │ since 03:14
    → Wait for it."
  `)
})

describe('an examination', () => {
  test('shows findings by weight, each with its hosts, why, and the line to write', () => {
    const ofFile = {
      type: 'finding',
      weight: 'warning',
      text: '`port` is the number 2222',
      file: 'deploy.yml',
    } as const
    const reports: readonly Report[] = [
      { ...samples.finding, weight: 'note', host: 'web-1, web-2', text: 'a note', why: 'It is so.', hint: 'one\ntwo' },
      { ...ofFile, line: 12, key: 'port', why: 'It is passed over.', hint: "port: '2222'," },
      { ...ofFile, text: 'no line is known' },
      { ...samples.finding, text: 'web-3 shows a host key\nof its own', hint: 'Compare it.' },
    ]
    expect(drawn([...reports, samples.examined])).toMatchInlineSnapshot(`
      "✖ error: web-3 shows a host key
          of its own
        → Compare it.

      ! warning: \`port\` is the number 2222
        It is passed over.
        → deploy.yml:12  port: '2222',

      ! warning: no line is known
        → deploy.yml

      · note: web-1, web-2: a note
        It is so.
        → one
          two

      production  1 error, 2 warnings, 1 note
      looked at ecosystem.config.js, 3 of 3 hosts"
    `)
  })

  test('of what is well says so, and what was looked at', () => {
    expect(drawn([samples.examined])).toMatchInlineSnapshot(`
      "production  nothing to mend
      looked at ecosystem.config.js, 3 of 3 hosts"
    `)
  })
})
