import { expect, test } from 'vitest'
import { type Ending, type Seen, tellEnd, watching } from '../../src/commands/tell-end.ts'
import { UserError } from '../../src/errors.ts'
import type { Outcome } from '../../src/rollout/model.ts'
import { context, environment } from './environment.ts'

const outcome = (kind: Outcome['kind'], failure: string | null = null): Outcome => ({
  kind,
  hosts: [{ host: 'web-1', release: '20261102000000-2222222', state: 'serving', reason: null }],
  failure,
})

const show = (...names: readonly string[]) => `echo ${names.map((name) => `"$ZDR_${name}"`).join('/')}`
const well = `echo well; ${show('ENVIRONMENT', 'COMMAND', 'BY', 'REF', 'SHA', 'PREVIOUS_SHA', 'RELEASE')}; ${show('OUTCOME', 'EXIT_CODE', 'SECONDS', 'FAILURE', 'HOSTS')}`
const ill = `echo ill; ${show('OUTCOME', 'EXIT_CODE', 'FAILURE')}`

async function told(
  ending: Ending,
  given: { readonly end?: Outcome; readonly touched?: boolean; readonly post?: string; readonly failed?: string } = {},
) {
  const surroundings = context()
  const { context: watched, seen } = watching(surroundings)
  const goal = { release: '20261102000000-2222222', sha: '2222222', ref: 'origin/main', from: '1111111', commits: [] }
  if (given.end !== undefined) {
    watched.report({ type: 'resolved', ...goal })
    watched.report(finished(given.end))
  }
  if (given.touched === true) watched.report({ type: 'step', state: 'started', hosts: ['a'], step: 'reload', ...back })
  const hooks = { ...environment().hooks, postDeployLocal: [given.post ?? well], onFailureLocal: [given.failed ?? ill] }
  const telling = {
    config: environment({ hooks }),
    context: watched,
    seen,
    command: 'deploy',
    by: 'ada@laptop',
  } as const
  const code = await tellEnd({ ...telling, tookMs: 61_400 }, ending)
  const lines = surroundings.reports.flatMap((report) => (report.type === 'output' ? [report.line] : []))
  return { code, lines, reports: surroundings.reports }
}

const back = { release: null, back: false } as const

function finished(end: Outcome): NonNullable<Seen['finished']> {
  const times = { tookMs: 1, outMs: {}, fromSha: null, toSha: null }
  return { type: 'finished', command: 'deploy', outcome: end, exitCode: 0, ...times }
}

test.each(['deployed', 'unchanged'] as const)(
  'one that ended well, %s, is told of as such, in all that is known',
  async (kind) => {
    const { code, lines } = await told({ exitCode: 0 }, { end: outcome(kind) })
    expect(code).toBe(0)
    expect(lines).toEqual([
      'well',
      'production/deploy/ada@laptop/origin/main/2222222/1111111/20261102000000-2222222',
      `${kind}/0/61//[{"host":"web-1","release":"20261102000000-2222222","state":"serving","reason":null}]`,
    ])
  },
)

test.each([
  ['rolled back', 3],
  ['incomplete', 4],
  ['interrupted', 130],
] as const)('one that ended otherwise, %s, is a failure', async (kind, exitCode) => {
  const { code, lines } = await told({ exitCode }, { end: outcome(kind, 'web-1 is ill') })
  expect({ code, lines }).toEqual({ code: exitCode, lines: ['ill', `${kind}/${exitCode}/web-1 is ill`] })
})

test.each([
  ['failed before anything was touched', new UserError('git', 'no such ref'), false, 'failed/1/no such ref'],
  ['never had the lock', new UserError('locked', 'bob has it'), false, 'failed/5/bob has it'],
  ['was interrupted early', new UserError('interrupted', 'stopped'), false, 'interrupted/130/stopped'],
  ['ended in the middle, by a bug', new Error('oh'), true, 'incomplete/4/oh'],
])('one that %s is a failure', async (_, error, touched, line) => {
  const { lines } = await told({ error }, { touched })
  expect(lines).toEqual(['ill', line])
})

test('a post-deploy-local that fails makes the exit code 4, and says that the deploy ended well', async () => {
  const { code, reports } = await told({ exitCode: 0 }, { end: outcome('deployed'), post: 'echo no >&2; exit 7' })
  expect(code).toBe(4)
  expect(reports.at(-1)).toMatchObject({
    type: 'error',
    message: expect.stringContaining('post-deploy-local failed with 7'),
    hint: expect.stringContaining('ended well'),
    output: 'no',
    exitCode: 4,
  })
})

test('an on-failure-local that fails changes nothing of the end', async () => {
  const { code, reports } = await told({ exitCode: 3 }, { end: outcome('rolled back'), failed: 'exit 7' })
  expect(code).toBe(3)
  expect(reports.at(-1)).toMatchObject({
    type: 'note',
    level: 'warning',
    text: expect.stringContaining('failed with 7'),
  })
})
