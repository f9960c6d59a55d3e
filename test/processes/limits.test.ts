/** On a host where nothing ends in time: which limit ended it, and by which key it is set. */
import { expect, test } from 'vitest'
import { command } from '../../src/processes/command.ts'
import { pm2 } from '../../src/processes/pm2.ts'
import type { Activation } from '../../src/processes/processes.ts'
import { distinctLimits, slowHost } from '../hosts/slow-host.ts'

const { step, reload } = distinctLimits()
const late = `not done within ${step.timeoutMs / 1_000} s (timeouts.step)`
const activation: Activation = {
  directory: '/var/www/shop/releases/20261121031500-1a2b3c4',
  current: '/var/www/shop/current',
  commands: ['pm2 reload shop'],
  env: {},
  environment: 'production',
}
const byPm2 = pm2({ path: '/var/www/shop', limit: step })

test.each([
  ['pm2', byPm2],
  ['command', command({ port: 4000, pm2: byPm2, limit: step })],
] as const)('a look at what %s runs ends with timeouts.step, and is never taken for nothing', async (_, processes) => {
  const { host, asked } = slowHost()
  await expect(processes.running(host, activation)).rejects.toThrow(late)
  await expect(processes.reload(host, activation, reload)).rejects.toThrow(late)
  await expect(processes.stop(host, activation, reload)).rejects.toThrow(late)
  expect(await processes.log(host, activation, 10)).toBe('')
  expect(new Set(asked)).toEqual(new Set([step.timeoutMs]))
})

test('the end of an app is given as long as its reload', async () => {
  const { host } = slowHost()
  const listed = [{ name: 'shop', pid: 7, status: 'online', inBase: true }]
  const stopping = pm2({ path: '/var/www/shop', limit: step }).stop(
    {
      ...host,
      run: async (script, options) =>
        script.startsWith('pm2 delete ')
          ? host.run(script, options)
          : {
              code: 0,
              signal: null,
              timedOut: false,
              stdout: `zdr-pm2:${JSON.stringify({ processes: listed, files: [] })}`,
              stderr: '',
            },
    },
    activation,
    reload,
  )
  await expect(stopping).rejects.toThrow(`not done within ${reload.timeoutMs / 1_000} s (timeouts.reload)`)
})
