import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  configure,
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  startFleet,
} from './fleet.ts'
import type { Lab } from './lab.ts'
import type { Machine } from './machine.ts'
import type { ReleaseName } from './releases.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'lies', release: 'stale-no-cwd-1' })
})
afterAll(() => lab?.stop())

it.each([
  ['stale-no-cwd-2', 'no cwd'],
  ['stale-dirname-1', 'cwd: __dirname'],
  ['stale-dirname-2', 'cwd: __dirname, as before'],
] as const)('%s runs where pm2 would have gone on with the old release (%s)', async (release, _how) => {
  await ended(lab.deploy(['production', '--ref', release]), 0)
  expect(await lab.running()).toEqual(everywhere(lab, release))
})

it('an app that pm2 waits for in vain loses no request behind the balancer', async () => {
  await losesNoRequest('never-says-ready')
})

it('the lock of a reload that was killed is waited for', async () => {
  await demand(hostOf(lab, 1), 'echo "$(( $(date +%s) - 25 ))000" > ~/.pm2/reload.lock', 'deploy')
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('a reload by name runs the new release', async () => {
  await configure(lab, { 'post-deploy': 'npm install --offline && pm2 reload shop' })
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('a reload by a name that pm2 does not know on one host is a failure, and the fleet goes back', async () => {
  await demand(hostOf(lab, 2), 'pm2 delete shop && cd /var/www/shop/current && pm2 start ecosystem.config.js', 'deploy')
  await configure(lab, { 'post-deploy': 'npm install --offline && pm2 reload another' })
  await ended(lab.deploy(['production', '--ref', 'v3']), 3)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('an app in fork mode loses no request behind the balancer, though its reload is a restart', async () => {
  await configure(lab)
  // pm2 holds an app to the mode of its first start.
  for (const host of lab.hosts) await demand(host, 'pm2 delete shop', 'deploy')
  await ended(lab.deploy(['production', '--ref', 'fork-1']), 0)
  await losesNoRequest('fork-2')
  for (const host of lab.hosts) expect(await modesOn(host)).toEqual(['fork_mode'])
})

async function losesNoRequest(release: ReleaseName): Promise<void> {
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', release]), 0)
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
  expect(await lab.running()).toEqual(everywhere(lab, release))
}

/** Of each process that pm2 runs on a host. */
async function modesOn(host: Machine): Promise<readonly string[]> {
  const list = JSON.parse(await demand(host, 'pm2 jlist --silent', 'deploy')) as readonly {
    readonly pm2_env: { readonly exec_mode: string }
  }[]
  return list.map(({ pm2_env }) => pm2_env.exec_mode)
}
