/** The way of somebody who begins: what `init` reads out of nginx and writes is set up, planned and deployed. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { demand, ended, everywhere } from './fleet.ts'
import { type Lab, startLab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ hosts: 2, name: 'init' })
  await mkdir(join(lab.directory, '.ssh'))
  const config = `Host *\n  IdentityFile ${lab.rootKey}\n  UserKnownHostsFile ${lab.knownHosts}\n`
  await writeFile(join(lab.directory, '.ssh', 'config'), config)
})
afterAll(() => lab?.stop())

const install = 'npm install --offline --no-audit --no-fund'

function init(balancer: string, ...more: readonly string[]) {
  const words = ['--user', 'deploy', '--repo', lab.git.url, '--path', '/var/www/shop', '--balancer', balancer]
  const start = `${install} && pm2 reload ecosystem.config.js --env production`
  return ended(lab.deploy(['init', ...words, '--post-deploy', start, ...more]), 0)
}

it('reads the fleet out of the files of nginx, where it has no right to more', async () => {
  const { text } = await init(lab.balancer.address, '--yaml')
  expect(text).toContain('nginx on 10.77.0.2 has shop (10.77.0.11:4000, 10.77.0.12:4000)')
  const file = join(lab.directory, 'deploy.yml')
  expect(await readFile(file, 'utf8')).toContain('    host: [10.77.0.11, 10.77.0.12]\n')
  await rm(file)
})

it('setup, plan and a deploy work on what it wrote', async () => {
  await init(`root@${lab.balancer.address}`, '--script', 'server.js')
  const { text: before } = await ended(lab.deploy(['production', 'plan']), 1)
  expect(before).toContain(install)
  await ended(lab.deploy(['production', 'setup']), 4)
  await lab.site.useSwitch()
  await ended(lab.deploy(['production', 'setup']), 0)
  await demand(lab.balancer, 'chown -R deploy /var/lib/zdr-deploy')
  const { text } = await ended(lab.deploy(['production', 'plan']), 0)
  expect(text).toContain(install)
  await ended(lab.deploy(['production']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})
