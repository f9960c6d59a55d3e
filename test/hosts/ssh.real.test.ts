import { execFileSync, execSync, spawn } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../../src/hosts/host.ts'
import { connect, type SshTarget } from '../../src/hosts/ssh.ts'
import { hostContract } from './host-contract.ts'
import { type Sshd, startSshd } from './sshd.ts'

const LIMIT = { timeoutMs: 20_000 }
/** Where no SSH server will ever listen. */
const CLOSED_PORT = 1

hostContract('a host over ssh2 and a real sshd', async () => {
  const sshd = await startSshd()
  const host = await connect(sshd.target())
  return {
    host,
    isAlive,
    cut: async () => void process.kill(await sessionOf(host), 'SIGKILL'),
    stop: () => sshd.stop(),
  }
})

describe('a host over ssh2', () => {
  let sshd: Sshd
  let stranger: string
  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
    stranger = sshd.makeKey('stranger')
  })
  afterAll(() => sshd.stop())

  const says = async (change: Partial<SshTarget>, warnings: string[] = []): Promise<string> => {
    const host = await connect(sshd.target(change), { onWarning: (text) => warnings.push(text) })
    const { stdout } = await host.run('echo hello', LIMIT)
    await host.close()
    return stdout
  }
  const knowing = (name: string, lines: string): Partial<SshTarget> => {
    const file = join(sshd.folder, name)
    writeFileSync(file, lines)
    return { knownHostsFiles: [file] }
  }
  const server = (): string => `[127.0.0.1]:${sshd.port}`

  it('is refused where its key is unknown, and let in after the one command that is printed', async () => {
    const missing = { knownHostsFiles: [join(sshd.folder, 'a folder', 'known_hosts')] }
    const error = await failure(says(missing))
    const [, fingerprint] = execFileSync('ssh-keygen', ['-lf', join(sshd.folder, 'host_ed25519')], {
      encoding: 'utf8',
    }).split(' ')
    expect(error).toMatchObject({ code: 'host-key', message: expect.stringContaining(`ED25519 ${fingerprint}`) })
    execSync(error.hint.split('\n').at(-1) ?? '')
    expect(await says(missing)).toBe('hello\n')
  })

  it('keeps the last line of known_hosts whole, where it has no end', async () => {
    const open = knowing('open', '10.0.0.1 ssh-ed25519 AAAA')
    execSync((await failure(says(open))).hint.split('\n').at(-1) ?? '')
    expect(await says(open)).toBe('hello\n')
    expect(readFileSync(join(sshd.folder, 'open'), 'utf8')).toMatch(/^10\.0\.0\.1 ssh-ed25519 AAAA\n\[127/)
  })

  it('is let in where the file has its name hashed', async () => {
    const hashed = knowing('hashed', `${server()} ${sshd.hostKey('ed25519')}\n`)
    execFileSync('ssh-keygen', ['-q', '-H', '-f', join(sshd.folder, 'hashed')], { stdio: 'ignore' })
    expect(readFileSync(join(sshd.folder, 'hashed'), 'utf8')).toMatch(/^\|1\|/)
    expect(await says(hashed)).toBe('hello\n')
  })

  it('is asked for a key of the type that is known', async () => {
    expect(await says(knowing('rsa', `${server()} ${sshd.hostKey('rsa')}\n`))).toBe('hello\n')
    expect(await says(knowing('ed25519', `${server()} ${sshd.hostKey('ed25519')}\n`))).toBe('hello\n')
  })

  it('is refused in other words where its key has changed, whatever the strictness, until the old one is removed', async () => {
    const old = knowing('changed', `# one\n${server()} ${sshd.hostKey('ed25519').slice(0, -4)}AAAA\n`)
    for (const strictHostKeyChecking of ['yes', 'no', 'accept-new'] as const) {
      const error = await failure(says({ ...old, strictHostKeyChecking }))
      expect(error).toMatchObject({ code: 'host-key', message: expect.stringContaining('not the one that is known') })
      expect(error.hint).toContain(`${join(sshd.folder, 'changed')}:2`)
    }
    execSync((await failure(says(old))).hint.split('\n').at(-1) ?? '', { stdio: 'ignore' })
    expect(await says({ ...old, strictHostKeyChecking: 'accept-new' })).toBe('hello\n')
  })

  it('is refused where its key is revoked, though it is known', async () => {
    const line = `${server()} ${sshd.hostKey('ed25519')}\n`
    const error = await failure(says({ ...knowing('revoked', `${line}@revoked ${line}`), strictHostKeyChecking: 'no' }))
    expect(error).toMatchObject({ code: 'host-key', message: expect.stringContaining('revoked') })
  })

  it('is written down once with accept-new, and never with no; both are told', async () => {
    const warnings: string[] = []
    const files = knowing('fresh', '')
    expect(await says({ ...files, strictHostKeyChecking: 'no' }, warnings)).toBe('hello\n')
    expect(readFileSync(join(sshd.folder, 'fresh'), 'utf8')).toBe('')
    expect(await says({ ...files, strictHostKeyChecking: 'accept-new' }, warnings)).toBe('hello\n')
    expect(await says({ ...files, strictHostKeyChecking: 'accept-new' }, warnings)).toBe('hello\n')
    expect(readFileSync(join(sshd.folder, 'fresh'), 'utf8')).toBe(`${server()} ${sshd.hostKey('ed25519')}\n`)
    expect(warnings).toHaveLength(2)
  })

  it('says which keys it did not accept', async () => {
    const error = await failure(says({ keys: [stranger] }))
    expect(error).toMatchObject({ code: 'authentication', message: expect.stringContaining(stranger) })
  })

  it('names a key file that is missing, none at all, or needs a passphrase', async () => {
    const missing = join(sshd.folder, 'missing')
    expect(await failure(says({ keys: [missing] }))).toMatchObject({
      code: 'authentication',
      message: expect.stringContaining(missing),
    })
    expect(await failure(says({ keys: [`${stranger}.pub`] }))).toMatchObject({
      code: 'authentication',
      message: expect.stringContaining('.pub'),
    })
    const locked = sshd.makeKey('locked', 'a secret')
    expect(await failure(says({ keys: [locked] }))).toMatchObject({
      code: 'authentication',
      hint: expect.stringContaining(`ssh-add ${locked}`),
    })
    expect(await failure(says({ keys: [] }))).toMatchObject({ code: 'authentication' })
  })

  it('takes the next key after one that is not accepted', async () => {
    expect(await says({ keys: [stranger, sshd.key] })).toBe('hello\n')
  })

  it('passes over an agent that is not there, and says so where nothing else helps', async () => {
    const agent = join(sshd.folder, 'no-agent')
    expect(await says({ keys: [stranger], agent }).catch(({ hint }) => hint)).toContain('The agent could not be used')
    expect(await says({ agent })).toBe('hello\n')
  })

  it('uses a key that only the agent can, and forwards the agent to every session', async () => {
    const agent = join(sshd.folder, 'agent')
    const daemon = spawn('ssh-agent', ['-D', '-a', agent], { stdio: 'ignore' })
    const locked = sshd.makeKey('in-agent', 'a secret')
    appendFileSync(join(sshd.folder, 'authorized_keys'), readFileSync(`${locked}.pub`))
    const unlocked = `${locked}-open`
    execFileSync('cp', ['-p', locked, unlocked])
    execFileSync('ssh-keygen', ['-q', '-p', '-P', 'a secret', '-N', '', '-f', unlocked])
    await expect
      .poll(() =>
        execSync(`ssh-add ${unlocked} 2>&1; true`, { env: { ...process.env, SSH_AUTH_SOCK: agent } }).toString(),
      )
      .toContain('added')

    const host = await connect(sshd.target({ keys: [locked], agent, forwardAgent: true }))
    const seen = await Promise.all([1, 2, 3].map(() => host.run('ssh-add -l', LIMIT)))
    expect(seen.map(({ code }) => code)).toEqual([0, 0, 0])
    const plain = await connect(sshd.target({ keys: [locked], agent }))
    expect((await plain.run('printenv SSH_AUTH_SOCK', LIMIT)).code).toBe(1)
    await Promise.all([host.close(), plain.close()])
    daemon.kill()
  })

  it('says what is wrong where nothing listens', async () => {
    const error = await failure(says({ port: CLOSED_PORT }))
    expect(error).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('nothing listens there (ECONNREFUSED)'),
    })
  })

  it('is given up where it says nothing for as long as it may take, by itself and behind another machine', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const limit = { timeoutMs: 1_000, setBy: 'timeouts.connect' }
    for (const jump of [null, sshd.target({ name: 'bastion' })])
      expect(await failure(connect(sshd.target({ port, jump }), { limit }))).toMatchObject({
        code: 'host-unreachable',
        message: expect.stringContaining('no SSH server answered within 1 s (timeouts.connect)'),
      })
    silent.close()
  })

  it('is noticed within 15 seconds when it answers no more, and can be had again', { timeout: 30_000 }, async () => {
    const host = await connect(sshd.target())
    const session = await sessionOf(host)
    const held = await host.hold('cat')
    process.kill(session, 'SIGSTOP')
    // A limit longer than the one of this test: only the loss of the connection can end it.
    const error = await failure(host.run('echo never', { timeoutMs: 60_000 }))
    expect(error).toMatchObject({ code: 'host-unreachable', message: expect.stringContaining('stopped answering') })
    await held.ended
    expect((await host.run('echo again', LIMIT)).stdout).toBe('again\n')
    process.kill(session, 'SIGKILL')
    await host.close()
  })

  it('gives the output of a script only, not what start-up files and login shells print', async () => {
    const noisy = await startSshd({
      config: `ForceCommand printf 'Welcome!'; echo oops >&2; eval "$SSH_ORIGINAL_COMMAND"\n`,
    })
    const host = await connect(noisy.target())
    expect(await host.run('echo out; echo err >&2', LIMIT)).toMatchObject({ stdout: 'out\n', stderr: 'err\n' })
    await host.close()
    await noisy.stop()
  })

  it('comes to terms with an old server where that is asked for, and else says what is missing', async () => {
    const kex = 'diffie-hellman-group14-sha1'
    const old = await startSshd({ config: `KexAlgorithms ${kex}\n` })
    const says = (algorithms: SshTarget['algorithms']): Promise<string> =>
      connect(old.target({ algorithms })).then(async (host) => {
        const { stdout } = await host.run('echo hello', LIMIT)
        await host.close()
        return stdout
      })
    expect(await failure(says({}))).toMatchObject({ message: expect.stringContaining('key exchange algorithm') })
    const wanted = { kex: [kex], cipher: ['aes256-ctr'], hmac: ['hmac-sha2-512'], serverHostKey: ['ssh-ed25519'] }
    expect(await says(wanted)).toBe('hello\n')
    expect(await failure(says({ ...wanted, serverHostKey: ['rsa-sha2-512'] }))).toMatchObject({
      message: expect.stringContaining('host key format'),
    })
    await old.stop()
  })

  it('says so where the login shell runs no commands, with what it says itself', async () => {
    const closed = await startSshd({ config: 'ForceCommand echo "This account is closed"; exit 1\n' })
    const host = await connect(closed.target())
    const refusal = { code: 'host-unreachable', output: 'This account is closed' }
    expect(await failure(host.run('true', LIMIT))).toMatchObject(refusal)
    expect(await failure(host.hold('true'))).toMatchObject(refusal)
    await host.close()
    await closed.stop()
  })

  it('is reached through another machine, whose key and name are checked as well', async () => {
    const bastion = await startSshd()
    const jump = bastion.target({ name: 'bastion' })
    expect(await says({ jump })).toBe('hello\n')
    expect(await failure(says({ jump: { ...jump, knownHostsFiles: [] } }))).toMatchObject({
      code: 'host-key',
      message: expect.stringContaining('bastion'),
    })
    expect(await failure(says({ jump, ...knowing('empty', '') }))).toMatchObject({
      code: 'host-key',
      message: expect.stringContaining('web-1'),
    })
    expect(await failure(says({ jump, port: CLOSED_PORT }))).toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('bastion could not connect'),
    })

    const host = await connect(sshd.target({ jump }))
    const running = failure(host.run('sleep 30', LIMIT))
    await host.run('true', LIMIT)
    bastion.stopSessions()
    expect(await running).toMatchObject({ code: 'host-unreachable' })
    expect((await host.run('echo again', LIMIT)).stdout).toBe('again\n')
    await host.close()
    await bastion.stop()
  })

  it('lets go of the machine on the way when the connection behind it is lost', async () => {
    const [server, bastion] = [await startSshd(), await startSshd()]
    const host = await connect(server.target({ jump: bastion.target({ name: 'bastion' }) }))
    expect(bastion.connections()).toBe(1)
    const running = failure(host.run('sleep 30', LIMIT))
    await host.run('true', LIMIT)
    server.stopSessions()
    expect(await running).toMatchObject({ code: 'host-unreachable' })
    await expect.poll(() => bastion.connections(), { timeout: 20_000 }).toBe(0)
    await host.close()
    await Promise.all([server.stop(), bastion.stop()])
  })
})

/** The error that must come. */
async function failure(promise: Promise<unknown>): Promise<Error & { code: string; hint: string }> {
  return promise.then(
    (value) => {
      throw new Error(`no error, but ${JSON.stringify(value)}`)
    },
    (error) => error,
  )
}

/** The server's process for this connection: the parent of every shell. */
async function sessionOf(host: Host): Promise<number> {
  return Number((await host.run('echo $PPID', LIMIT)).stdout)
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
