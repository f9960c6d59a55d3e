import { afterAll, beforeAll, expect, it } from 'vitest'
import { demand, ended, everywhere, failuresOf, LIGHT_LOAD, NO_FAILURE, startFleet } from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'migrate', release: null })
  await Promise.all(lab.hosts.map((host) => demand(host, AS_PM2_DEPLOY_LEAVES_IT(lab.git.url), 'deploy')))
})
afterAll(() => lab?.stop())

/** Its layout: one work tree, and a link that never changes. */
const AS_PM2_DEPLOY_LEAVES_IT = (repository: string) => `mkdir -p /var/www/shop/shared
git clone --quiet --branch v1 ${repository} /var/www/shop/source
ln -sfn /var/www/shop/source /var/www/shop/current
cd /var/www/shop/current && npm install --offline --no-audit --no-fund && pm2 start ecosystem.config.js`

it('a broken first release on a fleet that pm2 deploy set up takes one host at the most, and no request fails', async () => {
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'answers-500']), 4)
  expect(await lab.running()).toMatchObject({ 'web-2': 'v1' })
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
})

it('a good one takes it over without a failed request', async () => {
  const hammer = await lab.hammer(LIGHT_LOAD)
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
  expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
})
