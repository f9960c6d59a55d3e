import { describe, expect, test } from 'vitest'
import { alone, blockText, host, onBoth, told, written } from './facts.ts'

const fork = { process: { mode: 'fork_mode' } }

describe('fork mode', () => {
  test('is an error where no other host stands in', () => {
    expect(told(alone(fork))).toEqual([
      "error web-1: shop runs in fork mode → ecosystem.config.js:3 exec_mode: 'cluster' is written there\npm2 keeps the mode of the first start: a deploy of ours starts it anew by its file",
      'note there is one host',
    ])
  })

  test('is a note behind a balancer, with the line for the file', () => {
    const app = "{ name: 'shop', script: 'server.js' }"
    expect(told({ written: written(blockText, { app }), ...onBoth(fork) })).toEqual([
      expect.stringMatching(
        /^note web-1,web-2: shop runs in fork mode → ecosystem.config.js:3 exec_mode: 'cluster', instances: 2,\npm2 keeps/,
      ),
    ])
  })

  test('of a script that only npm knows says what has to be written too', () => {
    const app = "{ name: 'shop', script: 'npm', args: 'start' }"
    expect(told({ written: written(blockText, { app }), ...onBoth(fork) })[0]).toContain(
      "script: '<the file that it runs",
    )
  })

  test('is read from the file where nothing runs yet', () => {
    const app = "{ name: 'shop', script: 'server.js' }"
    const empty = onBoth({ processes: [], checkup: { commit: null } })
    expect(told({ written: written(blockText, { app }), ...empty })).toEqual([
      "note shop is to run in fork mode → ecosystem.config.js:3 exec_mode: 'cluster', instances: 2,",
    ])
    expect(told(empty)).toEqual([])
  })
})

describe('the folder that pm2 keeps', () => {
  const inSource = { process: { toldCwd: '/var/www/shop/source' } }

  test.each([
    ['a warning behind a balancer', onBoth(inSource), 'warning web-1,web-2'],
    ['an error on a host alone', alone(inSource), 'error web-1'],
  ])('is %s', (_name, change, begin) => {
    expect(told(change)[0]).toBe(
      `${begin}: pm2 holds shop to /var/www/shop/source, where it was started first → ecosystem.config.js:3 cwd: '/var/www/shop/current',`,
    )
  })

  test.each(['/var/www/shop/current', '/var/www/shop/current/api', '/srv/elsewhere'])(
    'is fine where it is %s',
    (toldCwd) => {
      expect(told(onBoth({ process: { toldCwd } }))).toEqual([])
    },
  )
})

describe('the time for requests to end', () => {
  test.each([
    [0, /1600 ms after .* kill_timeout: 5000,/],
    [3000, /3000 ms after/],
  ])('%i ms are too short on a host alone', (killTimeoutMs, text) => {
    expect(told(alone({ process: { killTimeoutMs } }))[0]).toMatch(text)
  })

  test('does not matter where the host is drained first', () => {
    expect(told(onBoth({ process: { killTimeoutMs: 0 } }))).toEqual([])
  })
})

test('an app that pm2 takes for ready too early is worth a note', () => {
  expect(told(onBoth({ process: { waitReady: false } }))).toEqual([
    expect.stringMatching(/^note web-1,web-2: shop has no `wait_ready` → ecosystem.config.js:3 wait_ready: true/),
  ])
  expect(told(onBoth({ process: { waitReady: null } }))).toEqual([])
})

test('an app that does not stay up is an error', () => {
  const hosts = [host('web-1', { process: { status: 'errored' } }), host('web-2')]
  expect(told({ hosts })[0]).toMatch(/^error web-1: shop does not stay up.*exec 'pm2 logs shop/)
})

test('a host where pm2 runs nothing, though something was deployed', () => {
  const hosts = [host('web-1', { processes: [] }), host('web-2')]
  expect(told({ hosts })).toEqual([expect.stringMatching(/^warning web-1: pm2 of deploy runs nothing/)])
})

test('what pm2 runs of others is none of our business', () => {
  const other = { name: 'blog', inBase: false, mode: 'fork_mode', toldCwd: '/srv/blog', waitReady: false }
  const [one] = host('web-1').processes ?? []
  if (one === undefined) throw new Error('the host runs nothing')
  expect(told(onBoth({ processes: [one, { ...one, ...other }] }))).toEqual([])
})
