import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Lab, startLab } from './lab.ts'
import { lineBetween } from './line.ts'
import type { Machine } from './machine.ts'
import type { ReleaseName } from './releases.ts'
import { transit } from './transit.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startLab({ hosts: 3, name: 'self' })
  await Promise.all(lab.hosts.map((host) => startByHand(host, 'v1')))
})
afterAll(() => lab.stop())

function firstHost(): Machine {
  const [host] = lab.hosts
  if (host === undefined) throw new Error('a lab without hosts')
  return host
}

/** What a person would do who has no deploy tool. */
async function startByHand(host: Machine, release: ReleaseName): Promise<void> {
  const folder = `/var/www/shop/releases/${release}`
  const commands = [
    `git clone --quiet --branch ${release} ${lab.git.url} ${folder}`,
    `ln -sfn ${folder} /var/www/shop/current`,
    'cd /var/www/shop/current',
    'npm install --offline --no-audit --no-fund',
    'pm2 start ecosystem.config.js --env production',
  ]
  const { code, stderr } = await host.exec(commands.join(' && '), { user: 'deploy' })
  expect({ code, stderr }).toMatchObject({ code: 0 })
}

function ssh(key: string, target: string, command: string) {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=yes', `UserKnownHostsFile=${lab.knownHosts}`]
  const words = options.flatMap((option) => ['-o', option])
  return lab.program(['ssh', '-i', key, '-o', 'IdentitiesOnly=yes', ...words, target, command]).result
}

describe('the machines', () => {
  it('each opens to the deployer, knows its own name, and finds node, git and pm2 without a login shell', async () => {
    for (const host of lab.hosts) {
      const result = await ssh(lab.key, `deploy@${host.address}`, 'hostname; whoami; which node npm pm2 git >&2')
      expect(result).toMatchObject({ code: 0, stdout: `${host.name}\ndeploy\n` })
    }
  })

  it('open to root for the administrator only', async () => {
    const root = `root@${lab.balancer.address}`
    expect(await ssh(lab.rootKey, root, 'id -u')).toMatchObject({ code: 0, stdout: '0\n' })
    expect(await ssh(lab.key, root, 'id -u')).toMatchObject({ code: 255 })
  })

  it('show a host the branch that was pushed, and all releases by their tag', async () => {
    await lab.git.push('v2')
    const { stdout } = await firstHost().exec(`git ls-remote ${lab.git.url} main v3`, { user: 'deploy' })
    expect(stdout).toBe(`${lab.git.commits.v2}\trefs/heads/main\n${lab.git.commits.v3}\trefs/tags/v3\n`)
  })

  it('have nothing of the box in root’s home', async () => {
    expect(await firstHost().exec('ls -A /root')).toMatchObject({ code: 0, stdout: '' })
  })

  it('run the app, each its own pm2', async () => {
    expect(await lab.running()).toEqual({ 'web-1': 'v1', 'web-2': 'v1', 'web-3': 'v1' })
  })
})

describe('the hammer', () => {
  it('counts no failure while nothing happens, with answers from every host', async () => {
    const hammer = await lab.hammer()
    await hammer.reached(2_000, 60_000)
    const { total, failed, byKind, samples, versionsSeen, hostsSeen } = await hammer.stop()
    expect({ failed, samples }).toEqual({ failed: 0, samples: [] })
    expect(total).toBeGreaterThanOrEqual(2_000)
    expect(Object.values(byKind).every(({ ok }) => ok > 0)).toBe(true)
    expect(versionsSeen).toEqual({ v1: total })
    expect(Object.keys(hostsSeen).sort((one, other) => one.localeCompare(other))).toEqual(['web-1', 'web-2', 'web-3'])
  })

  it('counts what fails when a host loses its power, and the host comes back without its app', async () => {
    const host = firstHost()
    const hammer = await lab.hammer({ requestTimeoutMs: 4_000 })
    await hammer.reached(500, 30_000)
    await host.powerOff()
    const { failed, samples } = await hammer.stop()
    expect(failed).toBeGreaterThan(0)
    expect(samples[0]?.what).toMatch(/no whole answer|status 50/)
    await expect(host.exec('true')).rejects.toThrow('off')
    await host.powerOn()
    expect(await ssh(lab.key, `deploy@${host.address}`, 'readlink /var/www/shop/current')).toMatchObject({ code: 0 })
    expect(await lab.running()).toMatchObject({ 'web-1': 'nothing', 'web-2': 'v1' })
    await host.exec('cd /var/www/shop/current && pm2 start ecosystem.config.js', {
      user: 'deploy',
    })
    expect(await lab.running()).toMatchObject({ 'web-1': 'v1' })
  })

  it('counts what fails when nginx is killed', async () => {
    const hammer = await lab.hammer({ requestTimeoutMs: 5_000 })
    await hammer.reached(500, 30_000)
    await lab.balancer.exec('pkill -KILL nginx')
    const before = await hammer.reached(0, 5_000)
    await hammer.reached(before.total + 100, 30_000)
    const { failed, samples } = await hammer.stop()
    await lab.balancer.exec('nginx')
    expect(failed).toBeGreaterThan(50)
    expect(samples.map(({ what }) => what)).toEqual(expect.arrayContaining([expect.stringMatching(/ECONN/)]))
  })
})

describe('a host without its cable', () => {
  it('cannot be reached, still runs, and is reached when it is mended', async () => {
    const host = firstHost()
    const ask = ['curl', '-sm', '2', '-o', '/dev/null', `http://${host.address}:4000/health`] as const
    await host.cut()
    expect((await lab.program(ask).result).code).not.toBe(0)
    expect(await lab.running()).toMatchObject({ 'web-1': 'v1' })
    await host.mend()
    await vi.waitFor(async () => expect(await lab.program(ask).result).toMatchObject({ code: 0 }), 10_000)
  })
})

describe('a line', () => {
  it('that is cut between two machines leaves every other one as it was', async () => {
    const host = firstHost()
    const url = `http://${host.address}:4000/health`
    const fromDeployer = () => lab.program(['curl', '-sm', '2', '-o', '/dev/null', url]).result
    const fromBalancer = () => lab.balancer.exec(`curl -sm 2 -o /dev/null ${url}`)
    const toDeployer = lab.line(host)
    await toDeployer.cut()
    expect([(await fromDeployer()).code, (await fromBalancer()).code]).toEqual([28, 0])
    await toDeployer.mend()
    const toBalancer = lineBetween(host, lab.balancer)
    await toBalancer.cut()
    expect([(await fromDeployer()).code, (await fromBalancer()).code]).toEqual([0, 28])
    await toBalancer.mend()
    expect([(await fromDeployer()).code, (await fromBalancer()).code]).toEqual([0, 0])
  })

  it('that is bad loses a fifth of what is sent and delays the rest, each way, until it is mended', async () => {
    const host = firstHost()
    const ways = [
      [null, host],
      [host, null],
    ] as const
    await host.slow({ lossPercent: 20, delayMs: 100 })
    for (const [from, to] of ways) {
      const { lostShare, shortestMs } = await transit(lab, from, to)
      expect([Math.abs(lostShare - 0.2) < 0.1, shortestMs >= 100]).toEqual([true, true])
    }
    await host.mend()
    for (const [from, to] of ways) {
      const { lostShare, shortestMs } = await transit(lab, from, to)
      expect([lostShare < 0.1, shortestMs < 100]).toEqual([true, true])
    }
  })
})
