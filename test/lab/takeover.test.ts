import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  asAdministrator,
  configure,
  demand,
  ended,
  everywhere,
  failuresOf,
  hostOf,
  LIGHT_LOAD,
  NO_FAILURE,
  type Overrides,
  SWITCH_FOLDER,
  startFleet,
} from './fleet.ts'
import type { Hammer } from './hammer.ts'
import { type Lab, startLab } from './lab.ts'
import type { ReleaseName } from './releases.ts'

const PM2 = fileURLToPath(new URL('../../node_modules/pm2/bin/pm2', import.meta.url))
const NAMED = { shared: ['.env', 'uploads/'], ignore: ['build.log'] }

describe('a fleet that pm2 deploy set up', () => {
  let lab: Lab
  let hammer: Hammer
  let pids: readonly string[]
  let sha: string
  beforeAll(async () => {
    lab = await startLab({ hosts: 2, name: 'takeover' })
    await ended(await pm2Deploy('v1', 'setup'), 0)
    await ended(await pm2Deploy('v1'), 0)
    for (const host of lab.hosts)
      await demand(
        host,
        'cd /var/www/shop/source && echo A=1 >.env && mkdir uploads && echo a >uploads/a && : >build.log',
        'deploy',
      )
    sha = await demand(hostOf(lab, 1), 'git -C /var/www/shop/source rev-parse HEAD', 'deploy')
    pids = await pidsOf()
  })
  afterAll(async () => {
    // Its daemon, which it starts on the deployer too, would outlive the lab.
    await pm2('kill').result
    await lab.stop()
  })

  const pm2 = (...words: readonly string[]) => lab.program([process.execPath, PM2, ...words])
  const pm2Deploy = async (release: ReleaseName, ...words: readonly string[]) => {
    const file = await lab.config({ ref: release, health: undefined, balancer: undefined, rollout: undefined })
    return pm2('deploy', file, 'production', ...words, '--force')
  }
  const pidsOf = () => Promise.all(lab.hosts.map((host) => demand(host, 'pm2 pid shop', 'deploy')))
  const setUp = async (overrides: Overrides, ...words: readonly string[]) => {
    await configure(lab, { ...asAdministrator(lab), ...overrides })
    return lab.deploy(['production', 'setup', ...words])
  }
  const onAll = (command: string) => Promise.all(lab.hosts.map((host) => demand(host, command, 'deploy')))

  it('is not taken over before each file that no release would have is named', async () => {
    const before = await onAll('cd /var/www/shop && find . -path ./source/.git -prune -o -print | sort')
    const { text } = await ended(await setUp({}), 1)
    expect(text).toMatch(/10\.77\.0\.11, 10\.77\.0\.12\n.*in \/var\/www\/shop\/source lies/)
    expect(text).toContain("shared: ['.env', 'uploads/'],")
    expect(text).toContain("ignore: ['build.log'],")
    expect(
      await onAll('cd /var/www/shop && find . -path ./source/.git -prune -o -path ./.zdr -prune -o -print | sort'),
    ).toEqual(before)
  })

  it('is taken over, and its processes go on', async () => {
    await (await setUp(NAMED)).result
    await lab.site.useSwitch()
    await ended(await setUp(NAMED), 0)
    await demand(lab.balancer, 'chown -R deploy /var/lib/zdr-deploy')
    await configure(lab, NAMED)
    expect(await pidsOf()).toEqual(pids)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    const { stdout } = await ended(lab.deploy(['production', 'current']), 0)
    expect(stdout.trim()).toBe(sha)
  })

  it('a first release that fails there goes back to what pm2 deploy left', async () => {
    hammer = await lab.hammer(LIGHT_LOAD)
    await ended(lab.deploy(['production', '--ref', 'answers-500']), 3)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect(await onAll('tail -n 1 /var/www/shop/.deploys')).toEqual([sha, sha])
  })

  it('is rolled, with what is shared, and `.deploys` is kept up', async () => {
    await ended(lab.deploy(['production', '--ref', 'v2']), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
    expect(await onAll('cd /var/www/shop/current && cat .env uploads/a && cat ../shared/.env')).toEqual(
      Array(2).fill('A=1\na\nA=1'),
    )
    const head = await demand(hostOf(lab, 1), 'git -C /var/www/shop/current rev-parse HEAD', 'deploy')
    expect(head).not.toBe(sha)
    expect(await onAll('tail -n 1 /var/www/shop/.deploys')).toEqual([head, head])
    await onAll('echo b >/var/www/shop/current/uploads/b')
  })

  it('is not handed back while it runs a release of ours', async () => {
    const { text } = await ended(lab.deploy(['production', 'setup', '--undo']), 1)
    expect(text).toMatch(/10\.77\.0\.12: runs \S+, and not what is in \/var\/www\/shop\/source/)
    expect(text).toMatch(/zdr-deploy production rollback \d{14}-/)
  })

  it('is rolled back to what pm2 deploy left', async () => {
    await ended(lab.deploy(['production', '--rollback']), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect(await onAll('tail -n 1 /var/www/shop/.deploys')).toEqual([sha, sha])
  })

  it('is handed back without a restart, as it was, with what was written since', async () => {
    pids = await pidsOf()
    await ended(lab.deploy(['production', 'setup', '--undo']), 0)
    expect(await pidsOf()).toEqual(pids)
    expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
    const left =
      'cd /var/www/shop && readlink current && ls -A . shared && cat source/.env source/uploads/b && [ ! -L source/.env ] && [ ! -L source/uploads ]'
    const expected = '/var/www/shop/source\n.:\n.deploys\ncurrent\nshared\nsource\n\nshared:\nlogs\npids\nA=1\nb'
    expect(await onAll(left)).toEqual([expected, expected])
  })

  it('and then pm2 deploy goes on', async () => {
    await ended(await pm2Deploy('v3'), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v3'))
    await ended(await pm2Deploy('v3', 'revert', '1'), 0)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
  })
})

describe('a host that is added', () => {
  let lab: Lab
  const TWO = { host: ['10.77.0.11', '10.77.0.12'] }
  beforeAll(async () => {
    lab = await startFleet({ hosts: 3, name: 'joins', overrides: TWO })
  })
  afterAll(() => lab?.stop())

  const switchFile = () => demand(lab.balancer, `cd ${SWITCH_FOLDER} && ls -d in out_* 2>/dev/null; true`)

  it('is left out of rotation from the moment at which nginx knows it', async () => {
    // Setup reloads nginx, which closes connections that wait for a request.
    const hammer = await lab.hammer({ rates: { ...LIGHT_LOAD.rates, 'keep-alive-get': 0, 'late-ask': 0 } })
    await configure(lab, asAdministrator(lab))
    const { text } = await ended(lab.deploy(['production', 'setup']), 0)
    expect(text).toContain('setup --hosts 10.77.0.13')
    expect(await switchFile()).toBe('out_10_77_0_13_4000')
    const { failed, samples, hostsSeen } = await hammer.stop()
    expect({ failed, samples }).toEqual(NO_FAILURE)
    expect(Object.keys(hostsSeen).toSorted()).toEqual(['web-1', 'web-2'])
  })

  it('gets what the others run, verified, before it gets requests, and the others are left alone', async () => {
    await configure(lab)
    const others = () => Promise.all([1, 2].map((number) => demand(hostOf(lab, number), 'pm2 pid shop', 'deploy')))
    const before = await others()
    const hammer = await lab.hammer(LIGHT_LOAD)
    await ended(lab.deploy(['production', 'setup', '--hosts', '10.77.0.13', '--ref', 'v2']), 0)
    expect(await failuresOf(hammer)).toEqual(NO_FAILURE)
    expect(await lab.running()).toEqual(everywhere(lab, 'v1'))
    expect(await others()).toEqual(before)
    expect(await switchFile()).toBe('in')
  })
})
