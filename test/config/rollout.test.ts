import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import type { RolloutConfig } from '../../src/config/types.ts'
import type { Batch } from '../../src/rollout/model.ts'
import { deployYml, folderWith, refusal } from './temporary.ts'

const health = 'http://localhost:4000/health'
const balancer = '{ type: nginx, on: [10.0.0.2], upstream: shop }'
const behind = { health, balancer }

type Lines = Readonly<Record<string, string>>

async function load(rollout: string, lines: Lines = behind): Promise<RolloutConfig> {
  const cwd = await deployYml({ ...lines, rollout })
  return (await loadEnvironment({ cwd, environment: 'production' })).rollout
}

async function problemsOf(rollout: string, lines: Lines = behind): Promise<readonly string[]> {
  const cwd = await deployYml({ ...lines, rollout })
  return (await refusal(loadEnvironment({ cwd, environment: 'production' }))).message.split('\n')
}

/** `a b | c, pause | d` */
function drawn(batches: readonly Batch[]): string {
  return batches.map(({ hosts, pause }) => `${hosts.join(' ')}${pause ? ', pause' : ''}`).join(' | ')
}

const five = { ...behind, host: '[a, b, c, d, e]' }
const alone = { ...behind, host: 'a' }

describe('batches', () => {
  test('what is not written has a default: one host at a time, no soak, an hour for a pause', async () => {
    expect(await load('{}')).toEqual({
      batches: ['10.0.0.11', '10.0.0.12', '10.0.0.13'].map((host) => ({ hosts: [host], pause: false })),
      cuts: [],
      minServing: 2,
      minServingIsDefault: true,
      onFailure: 'rollback',
      drainTimeoutMs: 60_000,
      onDrainTimeout: 'fail',
      soakMs: 0,
      pauseTimeoutMs: 3_600_000,
    })
  })

  test.each([
    ['{ batch: 2 }', 'a b | c d | e', 3],
    ['{ batch: 40% }', 'a b | c d | e', 3],
    ['{ batch: "40 %" }', 'a b | c d | e', 3],
    ['{ batch: 1% }', 'a | b | c | d | e', 4],
    ['{ batch: 4 }', 'a b c d | e', 1],
    ['{ batch: { size: 2, pause: true } }', 'a b, pause | c d, pause | e, pause', 3],
    ['{ batch: [1, 40%], min-serving: 3 }', 'a | b c | d e', 3],
    ['{ batch: [{ size: 1, pause: true }, 2], min-serving: 50% }', 'a, pause | b c | d e', 3],
    ['{ batch: [{ size: 1, pause: true }, { size: 40% }], min-serving: 0 }', 'a, pause | b c | d e', 0],
    ['{ batch: [2], min-serving: 1 }', 'a b | c d | e', 1],
    ['{ batch: 2, min-serving: 41% }', 'a b | c d | e', 3],
    ['{ batch: 2, min-serving: 0% }', 'a b | c d | e', 0],
  ])('%s: %s', async (rollout, batches, minServing) => {
    const config = await load(rollout, five)
    expect(drawn(config.batches)).toBe(batches)
    expect(config).toMatchObject({ minServing, cuts: [] })
  })

  test('a list may ask for more than min-serving leaves: it is cut, and the cut is told', async () => {
    const config = await load('{ batch: [1, 100%], min-serving: 3 }', five)
    expect(drawn(config.batches)).toBe('a | b c | d e')
    expect(config.cuts).toEqual([expect.stringContaining('cut to 2')])
  })

  test('one host alone needs no min-serving', async () => {
    expect(await load('{ batch: [1, 50%] }', alone)).toMatchObject({ minServing: 0 })
    expect(await load('{ batch: 100% }', alone)).toMatchObject({ minServing: 0 })
  })

  test('min-serving is known to be written, or to be the default', async () => {
    expect(await load('{ batch: 2 }', five)).toMatchObject({ minServingIsDefault: true })
    expect(await load('{ min-serving: 2 }', five)).toMatchObject({ minServingIsDefault: false })
    expect(await load('{ min-serving: 0 }', five)).toMatchObject({ minServingIsDefault: false })
  })

  test('say the same in JSON and JavaScript', async () => {
    const rollout = { batch: [{ size: 1, pause: true }, '40%'], 'min-serving': '50%', soak: '10s' }
    const block = {
      host: ['a', 'b', 'c', 'd', 'e'],
      ref: 'main',
      repo: 'r',
      path: '/srv/x',
      'post-deploy': 'pm2 reload x',
    }
    const deploy = {
      production: { ...block, ...{ health }, balancer: { type: 'nginx', on: 'lb', upstream: 'x' }, rollout },
    }
    for (const [name, text] of [
      ['ecosystem.json', JSON.stringify({ deploy })],
      ['ecosystem.config.cjs', `module.exports = ${JSON.stringify({ deploy })}`],
    ] as const) {
      const config = await loadEnvironment({ cwd: await folderWith({ [name]: text }), environment: 'production' })
      expect(drawn(config.rollout.batches)).toBe('a, pause | b c | d e')
      expect(config.rollout).toMatchObject({ minServing: 3, soakMs: 10_000 })
    }
  })
})

describe('without a balancer', () => {
  test('the hosts are done one by one, and a pause goes between them', async () => {
    expect(drawn((await load('{ batch: 33% }', {})).batches)).toBe('10.0.0.11 | 10.0.0.12 | 10.0.0.13')
    const paused = await load('{ batch: [{ size: 1, pause: true }, 1] }', {})
    expect(drawn(paused.batches)).toBe('10.0.0.11, pause | 10.0.0.12 | 10.0.0.13')
  })

  test.each([
    ['{ batch: 2 }', 'rollout.batch is 2, which needs a `balancer`'],
    ['{ batch: 67% }', 'rollout.batch is 67% (2 hosts), which needs a `balancer`'],
    ['{ batch: [1, 2] }', 'rollout.batch[1] is 2, which needs a `balancer`'],
    ['{ batch: [1, 100%], min-serving: 2 }', 'rollout.batch[1] is 100% (3 hosts), which needs a `balancer`'],
  ])('%s is refused', async (rollout, why) => {
    expect(await problemsOf(rollout, {})).toEqual([expect.stringContaining(why)])
  })
})

describe('what cannot be kept, or does not say enough, is refused', () => {
  test.each([
    ['{ min-serving: 3 }', 'min-serving is 3, but the fleet has 3 hosts: none could ever be taken out'],
    ['{ min-serving: 70% }', 'min-serving is 70% (3 hosts), but the fleet has 3 hosts: none could ever be taken out'],
    ['{ batch: [1, 2], min-serving: 100% }', 'none could ever be taken out. Write at most 2'],
    ['{ batch: 3 }', 'batch is 3, but the fleet has 3 hosts: nobody would serve. Write at most 2'],
    ['{ batch: 100% }', 'batch is 100% (3 hosts), but the fleet has 3 hosts: nobody would serve'],
    ['{ batch: [100%], min-serving: 0 }', 'batch[0] would take out all 3 hosts at once'],
    ['{ batch: 2, min-serving: 2 }', 'min-serving is 2, but a batch of 2 leaves 1 of 3 hosts'],
    ['{ batch: 67%, min-serving: 50% }', 'min-serving is 50% (2 hosts), but a batch of 2 leaves 1 of 3 hosts'],
    ['{ batch: [1, 2] }', 'batch is a list, which needs `min-serving`'],
    ['{ batch: [1] }', 'batch is a list, which needs `min-serving`'],
    [
      '{ batch: [1, { size: 2, pause: true }], min-serving: 1 }',
      'batch[1] has a `pause` that nobody would be asked at',
    ],
  ])('%s', async (rollout, why) => {
    expect(await problemsOf(rollout)).toEqual([expect.stringContaining(why)])
  })

  test('a pause where there is one batch only', async () => {
    expect(await problemsOf('{ batch: { size: 1, pause: true } }', alone)).toEqual([
      expect.stringMatching(/rollout\.batch has a `pause` that nobody would be asked at: .* in one batch/),
    ])
  })
})

describe('what cannot be read is refused, with its place', () => {
  test.each([
    ['{ batch: 0 }', 'batch is 0: it must be at least 1'],
    ['{ batch: -1 }', 'at least 1'],
    ['{ batch: 1.5 }', 'batch must be a whole number of hosts, or a share of them such as `25%`, not the number 1.5'],
    ['{ batch: many }', 'not a text'],
    ['{ batch: "2" }', 'not a text'],
    ['{ batch: 0% }', 'batch is 0%: it must be a whole percentage from 1% to 100%'],
    ['{ batch: 101% }', 'is 101%'],
    ['{ batch: -5% }', 'is -5%'],
    ['{ batch: 12.5% }', 'is 12.5%'],
    ['{ batch: [] }', 'batch is empty'],
    ['{ batch: [1, 0%], min-serving: 1 }', 'batch[1] is 0%'],
    ['{ batch: [1, [2]], min-serving: 1 }', 'batch[1] must be a whole number of hosts'],
    ['{ batch: [{ pause: true }, 1], min-serving: 1 }', 'batch[0] has no `size`'],
    ['{ batch: [{ size: 0 }, 1], min-serving: 1 }', 'batch[0] has a `size` that is 0'],
    ['{ batch: [{ size: 1, puase: true }], min-serving: 1 }', 'has `puase`, which is not known: did you mean `pause`'],
    ['{ batch: [{ size: 1, pause: "yes" }], min-serving: 1 }', 'has a `pause` that must be true or false, not a text'],
    ['{ min-serving: -1 }', 'at least 0'],
    ['{ min-serving: 101% }', 'from 0% to 100%'],
    ['{ batch: [1, 2], min-serving: half }', 'min-serving must be a whole number'],
    ['{ soak: 60 }', '60s'],
    ['{ soak: long }', 'must be a duration'],
    ['{ pause-timeout: 0s }', 'longer than nothing'],
    ['{ pause-timeout: 2d }', 'must be a duration'],
    ['{ drain-timeout: 60 }', '60s'],
    ['{ on_failure: stop }', 'did you mean `on-failure`'],
    ['{ migrate: npm run migrate }', 'migrate is not known'],
  ])('%s', async (rollout, why) => {
    expect(await problemsOf(rollout)).toEqual([expect.stringContaining(why)])
  })

  test('each item of a list that is wrong', async () => {
    const problems = await problemsOf('{ batch: [0, 1, 101%], min-serving: 1 }')
    expect(problems.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([
      expect.stringMatching(/^deploy\.yml:\d+:\d+ deploy\.production\.rollout\.batch\[0\]$/),
      expect.stringMatching(/^deploy\.yml:\d+:\d+ deploy\.production\.rollout\.batch\[2\]$/),
    ])
  })
})

test('times are as written', async () => {
  expect(await load('{ soak: 2m, pause-timeout: 12h }')).toMatchObject({ soakMs: 120_000, pauseTimeoutMs: 43_200_000 })
})

/** `| `batch: 2` | 5 hosts: …`: what stands between the first backticks, in a fleet of that size. */
const examples = [
  ...readFileSync(new URL('../../README.md', import.meta.url), 'utf8').matchAll(/^\| `([^`]+)` \| (\d+) hosts: /gm),
].map(([, rollout = '', count = '']) => ({ rollout, count: Number(count) }))

test('the README has an example of each way to roll', () => {
  expect(examples).toHaveLength(7)
})

test.each(examples)('the example of the README is valid as it stands: $rollout, of $count hosts', async (example) => {
  const host = Array.from({ length: example.count }, (_, index) => `10.0.0.${index + 11}`)
  const block = { host, ref: 'main', repo: 'r', path: '/srv/x', 'post-deploy': 'pm2 reload x', health }
  const own = JSON.stringify({ ...block, balancer: { type: 'nginx', on: 'lb', upstream: 'x' } })
  const text = `module.exports = { deploy: { production: { ...${own}, rollout: { ${example.rollout} } } } }`
  const cwd = await folderWith({ 'ecosystem.config.cjs': text })
  const { rollout } = await loadEnvironment({ cwd, environment: 'production' })
  expect(rollout.cuts).toEqual([])
})
