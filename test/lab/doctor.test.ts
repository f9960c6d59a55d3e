import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asAdministrator, configure, demand, ended, hostOf, reports } from './fleet.ts'
import { type Lab, startLab } from './lab.ts'

const PM2 = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ hosts: 2, name: 'doctor' })
})
afterAll(() => lab?.stop())

/** Every file that could be touched, with the moment of its last change, and every process. */
function state(): Promise<readonly string[]> {
  const files = "find /var/www /home/deploy /etc/nginx /var/lib/zdr-deploy /tmp -printf '%p %C@\\n' 2>/dev/null | sort"
  // pm2 notes when it was asked for its list.
  const own = "grep -v '/\\.pm2/touch '"
  const processes = "ps -e -o comm= | grep -v '^\\(sshd\\|sh\\|ps\\|sort\\|timeout\\|runuser\\|grep\\)' | sort"
  return Promise.all([...lab.hosts, lab.balancer].map((machine) => demand(machine, `${files} | ${own}; ${processes}`)))
}

/** As `--json` tells it. */
type Finding = Readonly<Record<string, string | number | undefined>>

function short({ weight, host = 'the configuration', key, line, text }: Finding): string {
  const what = key === undefined ? text : `${key}${line === undefined ? '' : ` in line ${line}`}`
  return `${weight} of ${host}: ${what}`
}

async function doctor(code: number) {
  const before = await state()
  const { stdout } = await ended(lab.deploy(['production', 'doctor', '--json']), code)
  expect(await state()).toEqual(before)
  return { findings: reports(stdout).filter(({ type }) => type === 'finding') as readonly Finding[] }
}

/** The block of somebody who knows `pm2 deploy` only. */
async function writeForPm2(ref: string, more = ''): Promise<string> {
  const [one, two] = [hostOf(lab, 1), hostOf(lab, 2)]
  const file = `${lab.directory}/ecosystem.config.cjs`
  await writeFile(
    file,
    `module.exports = {
  apps: [{
    name: 'shop',
    script: 'server.js',
    env: { PORT: 4000 },
  }],
  deploy: {
    production: {
      user: 'deploy',
      host: ['${one.address}', '${two.address}'],
      key: '${lab.key}',
      ref: '${ref}',
      repo: '${lab.git.url}',
      path: '/var/www/shop',
      ssh_options: ['UserKnownHostsFile=${lab.knownHosts}'],
      'post-deploy': 'npm install --offline && pm2 startOrReload ecosystem.config.js --env production',
      ${more}
    },
  },
}
`,
  )
  return file
}

it('where nothing was ever deployed it starts nothing', async () => {
  await writeForPm2('main')
  const { findings } = await doctor(4)
  expect(findings).toContainEqual(
    expect.objectContaining({ weight: 'warning', key: 'ref', line: 12, hint: "ref: 'origin/main'," }),
  )
  expect(findings).toContainEqual(expect.objectContaining({ weight: 'error', key: 'exec_mode', line: 2 }))
})

it('of a fleet that pm2 deploy set up it says what is wrong, by weight, and where', async () => {
  const file = await writeForPm2('fork-1')
  const pm2 = (...words: readonly string[]) => lab.program([process.execPath, PM2, 'deploy', file, ...words, '--force'])
  await ended(pm2('production', 'setup'), 0)
  await ended(pm2('production'), 0)
  await lab.program([process.execPath, PM2, 'kill']).result
  await demand(
    hostOf(lab, 2),
    'touch /var/www/shop/deploy.lock && chown root /var/www/shop/shared && chmod 755 /var/www/shop/shared',
  )
  await writeForPm2(
    'origin/main',
    "env: { host: 'db.internal' },\n      'forward-agent': true,\n      'keep-releases': 1,",
  )
  const { findings } = await doctor(4)
  const [one, two] = [hostOf(lab, 1).address, hostOf(lab, 2).address]
  expect(findings.map(short)).toEqual([
    'error of the configuration: keep-releases in line 19',
    `error of ${one}, ${two}: exec_mode in line 2`,
    `error of ${two}: deploy may not write to /var/www/shop/shared`,
    'warning of the configuration: health in line 8',
    'warning of the configuration: balancer in line 8',
    expect.stringMatching(`warning of ${two}: /var/www/shop/deploy.lock is there`),
    'warning of the configuration: forward-agent in line 18',
    'warning of the configuration: env.host in line 17',
    'note of the configuration: forward-agent in line 18',
    `note of ${one}, ${two}: /var/www/shop is as pm2 deploy left it`,
  ])
})

it('a host that it cannot reach is a finding, and the other is looked at', async () => {
  const file = `${lab.directory}/known_hosts_of_another`
  const lines = (await readFile(lab.knownHosts, 'utf8')).split('\n')
  await writeFile(file, lines.filter((line) => !line.startsWith(`${hostOf(lab, 2).address} `)).join('\n'))
  await configure(lab, { ssh_options: [`UserKnownHostsFile=${file}`], balancer: undefined, rollout: undefined })
  const { findings } = await doctor(4)
  const [one, two] = [hostOf(lab, 1).address, hostOf(lab, 2).address]
  expect(findings[0]).toMatchObject({ host: two, text: expect.stringMatching(/not known here: ED25519 SHA256:/) })
  expect(findings.map(short)).toContain(`error of ${one}: exec_mode`)
})

it('a new host key that would be accepted is not written down', async () => {
  const file = `${lab.directory}/known_hosts_of_nobody`
  await writeFile(file, '')
  await configure(lab, { ssh_options: [`UserKnownHostsFile=${file}`, 'StrictHostKeyChecking=accept-new'] })
  const { findings } = await doctor(4)
  expect(findings.map(({ host }) => host)).toContain(lab.balancer.address)
  expect(await readFile(file, 'utf8')).toBe('')
})

it('of a fleet that is well it says so', async () => {
  await demand(hostOf(lab, 2), 'rm /var/www/shop/deploy.lock && chown deploy /var/www/shop/shared')
  await configure(lab, asAdministrator(lab))
  await lab.deploy(['production', 'setup']).result
  await lab.site.useSwitch()
  await ended(lab.deploy(['production', 'setup']), 0)
  await demand(lab.balancer, 'chown -R deploy /var/lib/zdr-deploy')
  await configure(lab)
  // pm2 keeps the mode of an app's first start.
  await Promise.all(lab.hosts.map((host) => demand(host, 'pm2 delete shop', 'deploy')))
  await ended(lab.deploy(['production', '--ref', 'v1']), 0)
  const { findings } = await doctor(0)
  expect(findings).toEqual([])
})
