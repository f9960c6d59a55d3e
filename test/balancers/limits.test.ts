/** On a machine where nothing ends in time: which limit ended it, and by which key it is set. */
import { expect, test } from 'vitest'
import { sightsOfClosed } from '../../src/balancers/connections.ts'
import { switchLock } from '../../src/balancers/nginx-scripts.ts'
import { setupNginx } from '../../src/balancers/nginx-setup.ts'
import { nginxSwitch } from '../../src/balancers/nginx-switch.ts'
import { twice } from '../../src/hosts/limits.ts'
import { shellLock } from '../../src/hosts/shell-lock.ts'
import { fakeClock } from '../engine/fake-clock.ts'
import { distinctLimits, slowHost } from '../hosts/slow-host.ts'

const limits = distinctLimits()
const { step } = limits
const pools = { upstream: 'shop', batches: [['web-1'], ['web-2']], statusPort: 21_000 }
const servers = ['10.0.0.11:4000', '10.0.0.12:4000']

function slowSwitch() {
  const { host, asked } = slowHost()
  const balancer = nginxSwitch({
    ...pools,
    machine: host,
    members: servers.map((server, index) => ({ host: { ...host, name: `web-${index + 1}` }, server })),
    lock: shellLock({ host, place: switchLock(pools), limit: step }),
    limits,
    reach: async () => ({ healthy: false, detail: '502' }),
    clock: fakeClock(),
  })
  return { host, balancer, asked }
}

test('what the balancer is asked or told ends with timeouts.step', async () => {
  const { host, balancer, asked } = slowSwitch()
  const late = `not done within ${step.timeoutMs / 1_000} s (timeouts.step)`
  await expect(balancer.observe()).rejects.toThrow(late)
  await expect(balancer.publish({ out: ['web-1'], byHand: [], by: 'ada' })).rejects.toThrow(late)
  const [lock] = balancer.locks
  await expect(lock?.lockOwner()).rejects.toThrow(late)
  const member = { host, server: '10.0.0.11:4000' }
  await expect(sightsOfClosed(host, member, step)).rejects.toThrow(late)
  expect(new Set(asked)).toEqual(new Set([step.timeoutMs]))
})

test('setup does not take a script that did not end for an answer', async () => {
  const { host } = slowHost()
  const members = servers.map((server, index) => ({ name: `web-${index + 1}`, server }))
  await expect(setupNginx(host, { ...pools, members, limit: twice(step) })).rejects.toThrow(
    `setup did not come to its end: not done within ${(2 * step.timeoutMs) / 1_000} s (timeouts.step)`,
  )
})
