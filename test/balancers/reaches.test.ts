import { expect, test } from 'vitest'
import { switchLock } from '../../src/balancers/nginx-scripts.ts'
import { nginxSwitch } from '../../src/balancers/nginx-switch.ts'
import { defaultLimits } from '../../src/hosts/limits.ts'
import { shellLock } from '../../src/hosts/shell-lock.ts'
import { fakeClock } from '../engine/fake-clock.ts'
import { localHost } from './local-host.ts'

function asking(answersAfter: number) {
  const clock = fakeClock()
  let asked = 0
  const host = localHost('web-1')
  const balancer = nginxSwitch({
    machine: localHost('lb-1'),
    members: [{ host, server: '10.0.0.11:4000' }],
    batches: [['web-1']],
    upstream: 'shop',
    statusPort: 21_000,
    lock: shellLock({ host, place: switchLock({ upstream: 'shop' }), limit: defaultLimits.step }),
    limits: defaultLimits,
    reach: async () => ({ healthy: ++asked > answersAfter, detail: '502' }),
    clock,
  })
  const startMs = clock.now()
  return { balancer, tookMs: () => clock.now() - startMs }
}

test('a host is asked by way of the balancer until it answers, or its time is over, which is said with the key', async () => {
  const slow = asking(5)
  await slow.balancer.reaches('web-1', { timeoutMs: 3_000, setBy: 'timeouts.confirm' })
  expect(slow.tookMs()).toBe(1_000)

  const never = asking(1_000)
  await expect(never.balancer.reaches('web-1', { timeoutMs: 3_000, setBy: 'timeouts.confirm' })).rejects.toMatchObject({
    code: 'balancer',
    message: 'lb-1 gets no healthy answer from 10.0.0.11:4000 in time (timeouts.confirm): 502',
  })
  expect(never.tookMs()).toBe(3_000)
  await expect(never.balancer.reaches('web-1', { timeoutMs: 1_000 })).rejects.toThrow(
    'lb-1 gets no healthy answer from 10.0.0.11:4000: 502',
  )
})
