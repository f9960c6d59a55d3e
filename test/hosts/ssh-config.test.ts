import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SshTarget } from '../../src/hosts/ssh.ts'
import { type ResolveOptions, resolveTarget } from '../../src/hosts/ssh-config.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zdr-home-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const NOTHING: ResolveOptions['ssh'] = { knownHostsFiles: [], proxyJump: null }
const resolve = (change: Partial<ResolveOptions> = {}): Promise<SshTarget> =>
  resolveTarget({ name: 'web-1', address: 'web', keys: [], ssh: NOTHING, home, env: {}, ...change })

function write(name: string, text: string): string {
  const file = join(home, '.ssh', name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  return file
}

describe('a target', () => {
  it('has the agent that is written, or none', async () => {
    write('config', 'Host *\n  IdentityAgent /run/theirs\n')
    const agentOf = async (identityAgent: string) =>
      (await resolve({ env: { SSH_AUTH_SOCK: '/run/agent' }, ssh: { ...NOTHING, identityAgent } })).agent
    expect(await Promise.all(['/run/ours', 'SSH_AUTH_SOCK', 'none'].map(agentOf))).toEqual([
      '/run/ours',
      '/run/agent',
      null,
    ])
  })

  it('without any configuration is what OpenSSH would take', async () => {
    const key = write('id_rsa', '')
    expect(await resolve({ env: { SSH_AUTH_SOCK: '/run/agent' } })).toEqual({
      name: 'web-1',
      address: 'web',
      user: userInfo().username,
      port: 22,
      keys: [key],
      agent: '/run/agent',
      forwardAgent: false,
      knownHostsFiles: [join(home, '.ssh/known_hosts'), join(home, '.ssh/known_hosts2'), '/etc/ssh/ssh_known_hosts'],
      strictHostKeyChecking: 'yes',
      algorithms: {},
      jump: null,
    })
  })

  const full = `
Host web
  HostName %h.example.org
  user deploy
  Port=2222
  IdentityFile ~/.ssh/%r@%h
  IdentityFile ~/.ssh/missing
  UserKnownHostsFile ~/.ssh/fleet /etc/hosts_of_us
  StrictHostKeyChecking accept-new
  ForwardAgent yes
  IdentityAgent \${MY_AGENT}
Host *
  User nobody
  Port 1
`

  it('takes from ~/.ssh/config what ours leaves open', async () => {
    write('config', full)
    const key = write('deploy@web.example.org', '')
    expect(await resolve({ env: { MY_AGENT: '/run/mine', SSH_AUTH_SOCK: '/run/other' } })).toEqual({
      name: 'web-1',
      address: 'web.example.org',
      user: 'deploy',
      port: 2222,
      keys: [key],
      agent: '/run/mine',
      forwardAgent: true,
      knownHostsFiles: [join(home, '.ssh/fleet'), '/etc/hosts_of_us'],
      strictHostKeyChecking: 'accept-new',
      algorithms: {},
      jump: null,
    })
  })

  it('prefers what ours says, and asks for every key that it names', async () => {
    write('config', full)
    const ssh = {
      strictHostKeyChecking: 'yes',
      knownHostsFiles: ['/ours'],
      proxyJump: null,
      forwardAgent: false,
    } as const
    expect(await resolve({ user: 'root', port: 22, keys: ['/no/such/key'], ssh })).toMatchObject({
      user: 'root',
      port: 22,
      keys: ['/no/such/key'],
      knownHostsFiles: ['/ours'],
      strictHostKeyChecking: 'yes',
      forwardAgent: false,
    })
  })

  it('has no agent where IdentityAgent is none, and is strict where nobody can be asked', async () => {
    write('config', 'IdentityAgent none\nStrictHostKeyChecking ask\nUserKnownHostsFile none\n')
    const target = await resolve({ env: { SSH_AUTH_SOCK: '/run/agent' } })
    expect(target).toMatchObject({ agent: null, strictHostKeyChecking: 'yes', knownHostsFiles: [] })
  })

  it('follows Include, whose blocks end with the included file', async () => {
    write('config', 'Include conf.d/*.conf missing\nUser everybody\nHost web\n  Include web-part\n  Port 2022\n')
    write('conf.d/10.conf', 'Host other\n  User wrong\nHost web\n  HostName 10.0.0.9\n')
    write('conf.d/20.txt', 'Port 9\n')
    write('web-part', 'ForwardAgent yes\nHost nobody\n  Port 1\n')
    expect(await resolve()).toMatchObject({ address: '10.0.0.9', user: 'everybody', port: 2022, forwardAgent: true })
  })

  it('ends where a file includes itself', async () => {
    write('config', 'Include config\nPort 2022\n')
    expect(await resolve()).toMatchObject({ port: 2022 })
  })

  it('runs nothing', async () => {
    const trace = join(home, 'ran')
    write('config', `Match exec "touch ${trace}"\n  Port 1\n`)
    expect(await resolve()).toMatchObject({ port: 22 })
    await expect(import('node:fs/promises').then(({ access }) => access(trace))).rejects.toThrow()
  })
})

describe('a jump', () => {
  it('is looked up in ~/.ssh/config as well, and keeps its own user and port', async () => {
    write('config', 'Host gate\n  HostName 10.0.0.1\n  User keeper\nHost web\n  ProxyJump gate:2022\n')
    const { jump, user } = await resolve({ user: 'deploy', port: 2222 })
    expect(user).toBe('deploy')
    expect(jump).toMatchObject({ name: 'gate', address: '10.0.0.1', user: 'keeper', port: 2022, jump: null })
  })

  it('of ours wins, and may lead over several machines', async () => {
    write('config', 'Host web\n  ProxyJump wrong\n')
    const { jump } = await resolve({ ssh: { ...NOTHING, proxyJump: 'a@first,ssh://[::1]:23' } })
    expect(jump).toMatchObject({
      address: '::1',
      port: 23,
      jump: { address: 'first', user: 'a', port: 22, jump: null },
    })
    expect((await resolve({ ssh: { ...NOTHING, proxyJump: 'none' } })).jump).toBeNull()
  })

  it('that is meant for every host does not lead to itself', async () => {
    write('config', 'Host *\n  ProxyJump gate\n')
    expect((await resolve()).jump).toMatchObject({ address: 'gate', jump: null })
  })

  it('in a circle is refused', async () => {
    write('config', 'Host web a\n  ProxyJump b\nHost b\n  ProxyJump a\n')
    await expect(resolve()).rejects.toMatchObject({ code: 'config' })
  })

  it('by ProxyCommand is refused, with the words to use instead', async () => {
    write('config', 'Host web\n  ProxyCommand ssh -W %h:%p gate\n')
    await expect(resolve()).rejects.toMatchObject({ code: 'config', hint: expect.stringContaining('ProxyJump') })
    expect((await resolve({ ssh: { ...NOTHING, proxyJump: 'gate' } })).jump).toMatchObject({ address: 'gate' })
  })
})
