import { expect, it } from 'vitest'
import type { Host } from '../../src/hosts/host.ts'
import { within } from '../../src/hosts/within.ts'

it('runs every script behind the preamble, with the options it was given, on the same machine', async () => {
  const { host, seen } = recordingHost()
  const inside = within(host, 'export PATH=/opt/node/bin')
  const options = { timeoutMs: 1, stdin: 'x' }
  await inside.run('node --version', options)
  await inside.hold('cat')
  await inside.close()
  expect([inside.name, inside.address]).toEqual(['web-1', '10.0.0.11'])
  expect(seen).toEqual([
    ['run', 'export PATH=/opt/node/bin\nnode --version', options],
    ['hold', 'export PATH=/opt/node/bin\ncat'],
    ['close'],
  ])
})

function recordingHost(): { host: Host; seen: unknown[][] } {
  const seen: unknown[][] = []
  const result = { code: 0, signal: null, timedOut: false, stdout: '', stderr: '' }
  const host: Host = {
    name: 'web-1',
    address: '10.0.0.11',
    async run(script, options) {
      seen.push(['run', script, options])
      return result
    },
    async hold(script) {
      seen.push(['hold', script])
      return { write() {}, nextLine: async () => null, ended: Promise.resolve(result), async release() {} }
    },
    async close() {
      seen.push(['close'])
    },
  }
  return { host, seen }
}
