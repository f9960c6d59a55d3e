import { expect } from 'vitest'
import type { BadEnd, BadRelease } from './bad-releases.ts'
import { configure, ended, failuresOf, HEALTH, LIGHT_LOAD, NO_FAILURE, status } from './fleet.ts'
import type { Lab } from './lab.ts'
import type { ReleaseName } from './releases.ts'

/** Deploys it to a fleet of two that serves v1, under load, and expects the end that its table says. */
export async function playBadRelease(lab: Lab, { release, policy, end, why }: BadRelease): Promise<void> {
  await configure(lab, {
    health: { ...HEALTH, stable: `${policy.stableMs}ms` },
    rollout: { batch: 1, 'min-serving': 1, soak: `${policy.soakMs}ms`, 'on-failure': policy.onFailure },
  })
  const hammer = await lab.hammer({ rates: { ...LIGHT_LOAD.rates, 'slow-post': 1, 'slow-body': 1 } })
  const { text, code } = await ended(lab.deploy(['production', '--ref', release]), end.exitCode)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(text, text).toMatch(why)
  expect({ kind: kindIn(text), exitCode: code, serving: await servingOn(lab, release) }).toEqual(end)
  expect(await status(lab)).toMatchObject({
    lock: null,
    hosts: lab.hosts.map(() => ({ rotation: 'in', healthy: true })),
  })
}

/** What the summary begins with. */
function kindIn(text: string): BadEnd['kind'] {
  const [kind] = /^(?:deployed|unchanged|rolled back|interrupted|incomplete)(?= {2})/m.exec(text) ?? ['refused']
  return kind as BadEnd['kind']
}

async function servingOn(lab: Lab, release: ReleaseName): Promise<readonly string[]> {
  const running = Object.values(await lab.running())
  return running.map((version) => (version === release ? 'the bad one' : version))
}
