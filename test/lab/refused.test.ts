import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  configure,
  demand,
  ended,
  everywhere,
  holdConnection,
  hostOf,
  reports,
  startFleet,
  stateOf,
  until,
} from './fleet.ts'
import type { Lab } from './lab.ts'

let lab: Lab
beforeAll(async () => {
  lab = await startFleet({ hosts: 2, name: 'refused' })
})
afterAll(() => lab?.stop())

describe('nothing is touched where', () => {
  let before: readonly string[]
  beforeEach(async () => {
    before = await stateOf(lab)
  })
  afterEach(async () => {
    expect(await stateOf(lab)).toEqual(before)
    await configure(lab)
  })

  it('the ref does not exist', async () => {
    const { text } = await ended(lab.deploy(['production', '--ref', 'no-such-branch']), 1)
    expect(text).toContain('no-such-branch')
  })

  it('the configuration is wrong: all of it is told, each with its place', async () => {
    await configure(lab, { 'post-deplyo': 'pm2 reload', health: 'localhost:4000', rollout: { batch: 5 } })
    const { text } = await ended(lab.deploy(['production']), 2)
    for (const place of ['production.post-deplyo', 'production.health', 'production.rollout.batch'])
      expect(text).toContain(place)
    expect(text).toContain('post-deploy')
  })

  it.each([
    [['production', 'stauts'], 'status'],
    [['prodution'], 'production'],
  ])('%j was meant to be something else', async (words, meant) => {
    const { text } = await ended(lab.deploy(words), 2)
    expect(text).toMatch(new RegExp(`did you mean .*${meant}`, 'i'))
  })

  it('a host key is not known: the command that is shown accepts it', async () => {
    const file = join(lab.directory, 'known_hosts_of_another')
    const lines = (await readFile(lab.knownHosts, 'utf8')).split('\n')
    await writeFile(file, lines.filter((line) => !line.startsWith(`${hostOf(lab, 2).address} `)).join('\n'))
    await configure(lab, { ssh_options: [`UserKnownHostsFile=${file}`] })
    const { stdout } = await ended(lab.deploy(['production', '--json']), 1)
    const finding = reports(stdout).find(({ type }) => type === 'finding')
    expect(finding).toMatchObject({ host: hostOf(lab, 2).address, text: expect.stringMatching(/not known .*SHA256:/) })
    const command = String(finding?.hint).split('\n').at(-1) ?? ''
    expect(await lab.program(['sh', '-c', command]).result).toMatchObject({ code: 0 })
    await ended(lab.deploy(['production', 'plan']), 0)
  })

  it('a host key has changed: it is refused in other words', async () => {
    const file = join(lab.directory, 'known_hosts_of_before')
    const { address } = hostOf(lab, 2)
    const other = `${hostOf(lab, 1).address} `
    const lines = (await readFile(lab.knownHosts, 'utf8')).split('\n').filter((line) => !line.startsWith(`${address} `))
    const key = lines.find((line) => line.startsWith(other))?.slice(other.length)
    await writeFile(file, [...lines, `${address} ${key}`, ''].join('\n'))
    await configure(lab, { ssh_options: [`UserKnownHostsFile=${file}`] })
    const { text } = await ended(lab.deploy(['production']), 1)
    expect(text).toContain(`the host key of ${address} is not the one that is known`)
  })

  it('nginx cannot look into the switch folder', async () => {
    await demand(lab.balancer, 'chmod 700 /var/lib/zdr-deploy')
    const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 1)
    await demand(lab.balancer, 'chmod 755 /var/lib/zdr-deploy')
    expect(text).toContain('nginx cannot see')
  })

  it('the folder of the app cannot be written to', async () => {
    await demand(hostOf(lab, 1), 'chown -R root /var/www/shop && chmod 755 /var/www/shop')
    const { text } = await ended(lab.deploy(['production', '--ref', 'v2']), 1)
    await demand(hostOf(lab, 1), 'chown -R deploy /var/www/shop')
    expect(text).toMatch(/may not write/)
  })
})

it('a second deploy meanwhile is told who deploys, and disturbs nothing', async () => {
  const held = await holdConnection(lab, hostOf(lab, 1))
  const first = lab.deploy(['production', '--ref', 'v2'])
  await until(first, hostOf(lab, 1), 'waiting until drained')
  const { text } = await ended(lab.deploy(['production', '--ref', 'v3']), 5)
  expect(text).toMatch(/by \S+@\S+ \(pid \d+\) since \S+: deploy production v2/)
  await held.release()
  await ended(first, 0)
  expect(await lab.running()).toEqual(everywhere(lab, 'v2'))
})

it('a host that is dead at the start stops the deploy before anything is touched', async () => {
  await hostOf(lab, 2).powerOff()
  const { text } = await ended(lab.deploy(['production', '--ref', 'v3']), 1)
  expect(text).toMatch(/cannot reach 10\.77\.0\.12/)
  expect(await lab.running()).toEqual({ 'web-1': 'v2', 'web-2': 'nothing' })
})
