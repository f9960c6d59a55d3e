import { describe, expect, test } from 'vitest'
import type { Depot } from '../../src/hosts/depot.ts'
import { layout } from '../../src/hosts/layout.ts'
import { defaultLimits, type Limits, limitText } from '../../src/hosts/limits.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { distinctLimits, slowHost } from './slow-host.ts'

const at = layout('/var/www/shop')
const id = '20261121031500-1a2b3c4'
const sha = '1a2b3c4'.padEnd(40, '0')
const manifest = {
  id,
  sha,
  ref: 'main',
  state: 'prepared',
  at: '2026-11-21T03:15:00Z',
  prepare: [],
  activate: [],
  env: {},
  environment: 'production',
  manager: 'pm2',
} as const

const calls: readonly (readonly [keyof Limits, string, (depot: Depot) => Promise<unknown>])[] = [
  ['fetch', 'fetch', (depot) => depot.fetch({ repo: 'shop.git', depth: null })],
  ['fetch', 'layOut', (depot) => depot.layOut(manifest)],
  ['prune', 'prune', (depot) => depot.prune([id])],
  ['step', 'inspect', (depot) => depot.inspect()],
  ['step', 'setUp', (depot) => depot.setUp()],
  ['step', 'resolve', (depot) => depot.resolve('main')],
  ['step', 'activate', (depot) => depot.activate(id)],
  ['step', 'lockOwner', (depot) => depot.lockOwner()],
  ['step', 'assertOurs', (depot) => depot.assertOurs('token')],
]

describe('a depot', () => {
  test.each(calls)('gives as long as timeouts.%s says to %s, and names it where that is over', async (key, _, call) => {
    const limits = distinctLimits()
    for (const isGuarded of [false, true]) {
      const { host, asked } = slowHost()
      const depot = shellDepot(host, at, limits)
      const ended = call(isGuarded ? depot.guarded('token').depot : depot)
      await expect(ended).rejects.toThrow(`not done within ${limits[key].timeoutMs / 1_000} s (timeouts.${key})`)
      // A guarded step has its limit on the host itself.
      if (!isGuarded) expect(new Set(asked)).toEqual(new Set([limits[key].timeoutMs]))
    }
  })

  test('gives the commands that it runs as long as it is told, and says who may give more', async () => {
    const { host, asked } = slowHost()
    const commands = { directory: null, commands: ['npm ci'], env: {} }
    const running = shellDepot(host, at, distinctLimits()).run(commands, {
      what: 'install or build failed',
      timeoutMs: 20_000,
      setBy: 'timeouts.prepare',
    })
    await expect(running).rejects.toThrow('install or build failed: not done within 20 s (timeouts.prepare)')
    expect(asked).toEqual([20_000])
  })
})

test('a limit is said in seconds, and with the key that sets it', () => {
  expect(limitText({ timeoutMs: 500 })).toBe('0.5 s')
  expect(limitText(defaultLimits.prepare)).toBe('1200 s (timeouts.prepare)')
})
