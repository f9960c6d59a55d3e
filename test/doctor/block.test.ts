import { describe, expect, test } from 'vitest'
import type { Facts } from '../../src/doctor/facts.ts'
import { alone, blockText, config, host, onBoth, told, written } from './facts.ts'

test('of a fleet that is well nothing is said', () => {
  expect(told({})).toEqual([])
})

/** The block of a fleet that is well, with one more line at its end: line 10 of the file. */
function withLine(line: string): Pick<Facts, 'written'> {
  return { written: written(blockText.replace(/\n {2}}$/, `\n    ${line}\n  }`)) }
}

describe('keys that pm2 deploy passes over', () => {
  test.each([
    ['port: 2222,', "warning `port` is the number 2222 → ecosystem.config.js:10 port: '2222',"],
    [
      "'forward-agent': true,",
      "warning `forward-agent` is true, not a text → ecosystem.config.js:10 'forward-agent': 'yes',",
    ],
    ["path: '~/shop',", "warning `path` is ~/shop → ecosystem.config.js:7 path: '/home/deploy/shop',"],
    ["ref: 'main',", "warning `ref` is main, without `origin/` → ecosystem.config.js:6 ref: 'origin/main',"],
    ["env: { port: '3000' },", 'warning pm2 deploy takes `port` from `env.port` → ecosystem.config.js:10 PORT: …,'],
    [
      "env: { deep: { key: 's3cret' } },",
      'warning pm2 deploy takes `key` from `env.deep.key` → ecosystem.config.js:10 KEY: …,',
    ],
  ])('%s', (line, finding) => {
    expect(told(withLine(line))).toEqual([finding])
  })

  test.each([
    ["port: '2222',"],
    ['port: 22,'],
    ["'forward-agent': 'yes',"],
    ["'forward-agent': false,"],
    ["ref: 'refs/tags/v1',"],
    ["ref: 'v1.4.2',"],
    ['env: { port: 3000 },'],
    ["env: { PORT: '3000', hostname: 'x' },"],
    ["env: { port: '3000' }, port: '22',"],
  ])('nothing is said of %s', (line) => {
    expect(told(withLine(line))).toEqual([])
  })

  test('a host of its own is one of them', () => {
    const block = blockText.replace("'web-2'", "{ host: 'web-2', port: 2222 }")
    expect(told({ written: written(block) })).toEqual([
      "warning `port` is the number 2222 → ecosystem.config.js:5 port: '2222',",
    ])
  })

  test('another name is a branch where the host knows it as one', () => {
    const branch = withLine("ref: 'next',")
    expect(told({ ...branch, ...onBoth({ checkup: { isBranch: true } }) })).toEqual([
      "warning `ref` is next, without `origin/` → ecosystem.config.js:6 ref: 'origin/next',",
    ])
    expect(told(branch)).toEqual([])
  })
})

describe('what the block lacks', () => {
  test('a health check, with the port at which the app listens', () => {
    expect(told({ written: written(blockText.replace(/health.*/, '')), ...onBoth({ health: null }) })).toEqual([
      "warning there is no `health` → ecosystem.config.js:4 health: 'http://localhost:4000/<a path that asks the database too>',",
    ])
  })

  test('a balancer, where there are two hosts', () => {
    const without = {
      written: written(blockText.replace(/balancer.*/, '')),
      config: { ...config, balancer: null },
      balancers: [],
    }
    expect(told(without)).toEqual([
      expect.stringMatching(/^warning there is no `balancer` → ecosystem.config.js:4 balancer: /),
    ])
  })

  test('a second host', () => {
    expect(told(alone())).toEqual(['note there is one host'])
  })
})

describe('what cannot be deployed with', () => {
  test('each problem has its place, and the rest is judged all the same', () => {
    const problems = [{ path: ['deploy', 'production', 'ref'], text: 'is empty: write it' }]
    expect(
      told({ written: written(blockText, { problems }), ...onBoth({ checkup: { clockOffSeconds: -300 } }) }),
    ).toEqual([
      'error `ref` is empty: write it → ecosystem.config.js:6',
      'warning web-1,web-2: its clock is 5 min behind the one here → as root there: timedatectl set-ntp true',
    ])
  })

  test('an agent that is to be forwarded, and does not run', () => {
    const ssh = { ...config.ssh, forwardAgent: true }
    const without = { config: { ...config, ssh }, hasAgent: false }
    expect(told(without)[0]).toMatch(/^note your SSH agent/)
    expect(
      told({ ...without, hosts: [host('web-1', { checkup: { repositoryError: 'Permission denied' } })] })[0],
    ).toMatch(/^error your SSH agent/)
    expect(told({ ...without, hasAgent: true })).toEqual([])
  })

  test('host keys that nobody checks', () => {
    const ssh = { ...config.ssh, strictHostKeyChecking: 'no' as const }
    expect(told({ config: { ...config, ssh } })).toEqual([
      expect.stringMatching(/^warning an unknown host key is accepted/),
    ])
  })
})

test('what was found on the way, and who deploys', () => {
  const found = [{ weight: 'error' as const, host: 'web-3', text: 'cannot reach web-3', hint: 'Is it on?' }]
  expect(told({ found, deploying: 'production is being deployed by ada' })).toEqual([
    'error web-3: cannot reach web-3 → Is it on?',
    'note production is being deployed by ada',
  ])
})
