import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  asAdministrator,
  configure,
  demand,
  ended,
  everywhere,
  holdConnection,
  hostOf,
  reports,
  until,
} from './fleet.ts'
import { type Lab, startLab } from './lab.ts'
import { replaceOnce } from './replace-once.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ hosts: 2, name: 'setup' })
})
afterAll(() => lab?.stop())

/** Every byte of nginx's configuration, and its workers: a reload makes new ones. */
function nginxState(): Promise<string> {
  return demand(lab.balancer, "find /etc/nginx -type f -exec cksum {} + | sort; pgrep -f '^nginx: worker' | sort")
}

const SCRIPT = '/etc/zdr-lab/setup.sh'

it('a site that would break is refused by file and line, and nothing is changed', async () => {
  const file = lab.balancer.root + lab.site.path
  const site = await readFile(file, 'utf8')
  await writeFile(file, replaceOnce(site, 'proxy_pass http://shop;', 'proxy_pass http://shop/;'))
  const before = await nginxState()
  await configure(lab, asAdministrator(lab))
  const { text } = await ended(lab.deploy(['production', 'setup']), 4)
  await demand(lab.balancer, 'nginx -t')
  expect(text).toMatch(/✖ error: \/etc\/nginx\/sites-\w+\/shop:\d+ .*proxy_pass/)
  expect(await nginxState()).toBe(before)
  await writeFile(file, site)
})

it('without root it changes nothing, and prints a script for whoever may', async () => {
  const before = await nginxState()
  await configure(lab)
  const { stdout } = await ended(lab.deploy(['production', 'setup', '--json']), 4)
  expect(await nginxState()).toBe(before)
  const note = reports(stdout).find(({ text }) => String(text).includes('as root:\n'))
  const [, script = ''] = String(note?.text).split(/as root:\n/)
  await writeFile(lab.balancer.root + SCRIPT, script)
})

it('that script, run by root, says which lines the site lacks, and works when they are there', async () => {
  expect(await demand(lab.balancer, `sh ${SCRIPT}`)).toContain('proxy_pass http://$zdr_shop;')
  await lab.site.useSwitch()
  expect(await demand(lab.balancer, `sh ${SCRIPT}`)).toMatch(/live$/)
  await ended(lab.deploy(['production', 'setup']), 0)
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('run again it changes nothing, by whomever', async () => {
  const before = await nginxState()
  await ended(lab.deploy(['production', 'setup']), 0)
  await configure(lab, asAdministrator(lab))
  const { text } = await ended(lab.deploy(['production', 'setup']), 0)
  expect(text).toContain('nothing to change')
  expect(await nginxState()).toBe(before)
})

it('run by an administrator it leaves the switch to those who deploy', async () => {
  await configure(lab)
  await ended(lab.deploy(['production', '--ref', 'v2']), 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('while a deploy goes on it is told who deploys, and changes nothing', async () => {
  const held = await holdConnection(lab, hostOf(lab, 1))
  const deploy = lab.deploy(['production', '--ref', 'v1'])
  await until(deploy, hostOf(lab, 1), 'waiting until drained')
  const before = await nginxState()
  const { text } = await ended(lab.deploy(['production', 'setup']), 5)
  expect(text).toMatch(/by \S+@\S+ \(pid \d+\) since \S+: deploy production v1/)
  expect(await nginxState()).toBe(before)
  await held.release()
  await ended(deploy, 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
})

it('prints the lines that a site lacks', async () => {
  const other = await startLab({ hosts: 1, name: 'lacks' })
  try {
    await configure(other, { ...asAdministrator(other), rollout: undefined })
    const { text } = await ended(other.deploy(['production', 'setup']), 4)
    for (const line of ['shop.upstreams.conf;', 'shop.switch.conf;', 'proxy_pass http://$zdr_shop;'])
      expect(text).toContain(line)
  } finally {
    await other.stop()
  }
})
