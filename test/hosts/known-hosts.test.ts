import { createHmac, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  appendKnownHost,
  fingerprint,
  hostKeyAlgorithms,
  judgeHostKey,
  knownHostsLine,
  parseKnownHosts,
  readKnownHosts,
} from '../../src/hosts/known-hosts.ts'

const web = { address: '10.0.0.11', port: 22 }
const odd = { address: 'Web.example.org', port: 2222 }
const ED25519 = keyOf('ssh-ed25519', 'one')
const OTHER = keyOf('ssh-ed25519', 'two')
const RSA = keyOf('ssh-rsa', 'three')

describe('a host key', () => {
  it.each([
    ['10.0.0.11', web],
    ['web,10.0.0.11', web],
    ['10.0.0.*', web],
    ['10.0.0.1?', web],
    ['[10.0.0.11]:22,!10.0.0.12,10.0.0.11', web],
    ['[web.example.org]:2222', odd],
    ['[WEB.example.org]:2222', odd],
    // A name without the port vouches for its key on every port, as in OpenSSH.
    ['*.example.org', odd],
    [hashed('10.0.0.11'), web],
    [hashed('[web.example.org]:2222'), odd],
  ])('is known by %s', (patterns, server) => {
    expect(judge(`${patterns} ${text(ED25519)} a comment`, { server })).toEqual({ is: 'known' })
  })

  it.each([
    ['', web],
    ['# 10.0.0.11', web],
    ['10.0.0.12', web],
    ['10.0.0.1', web],
    ['10x0.0.11', web],
    ['!10.0.0.11,10.0.0.*', web],
    ['[10.0.0.11]:2222', web],
    [hashed('10.0.0.12'), web],
    ['@cert-authority *', web],
    ['@something *', web],
  ])('is unknown where there is only %s', (patterns, server) => {
    expect(judge(`${patterns} ${text(ED25519)}`, { server })).toEqual({ is: 'unknown' })
  })

  it('is changed where another one is written down, of its own type if possible', () => {
    expect(judge(`10.0.0.11 ${text(RSA)}\n10.0.0.11 ${text(OTHER)}`)).toEqual({ is: 'changed', place: 'file:2' })
    expect(judge(`10.0.0.11 ${text(RSA)}`)).toEqual({ is: 'changed', place: 'file:1' })
  })

  it('is known where one of several is the same', () => {
    expect(judge(`10.0.0.11 ${text(OTHER)}\n10.0.0.11 ${text(ED25519)}`)).toEqual({ is: 'known' })
  })

  it('is not changed, but unknown, where only another port of that machine has one, or one that cannot be asked for', () => {
    expect(judge(`web.example.org ${text(OTHER)}`, { server: odd })).toEqual({ is: 'unknown' })
    expect(judge('10.0.0.11 sk-ssh-ed25519@openssh.com AAAA')).toEqual({ is: 'unknown' })
  })

  it('is revoked even where it is known', () => {
    const lines = `10.0.0.11 ${text(ED25519)}\n@revoked * ${text(ED25519)}`
    expect(judge(lines)).toEqual({ is: 'revoked', place: 'file:2' })
    expect(judge(lines, { key: OTHER })).toEqual({ is: 'changed', place: 'file:1' })
  })

  it('is asked for in a type that is known first, and then in all the others', () => {
    const known = parseKnownHosts(`10.0.0.11 ${text(RSA)}\n10.0.0.12 ${text(ED25519)}`, 'file')
    const asked = hostKeyAlgorithms(known, web)
    expect(asked.slice(0, 3)).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'])
    expect([...asked].sort()).toEqual([...hostKeyAlgorithms([], web)].sort())
    expect(hostKeyAlgorithms([], web)[0]).toBe('ssh-ed25519')
  })

  it('has the fingerprint that OpenSSH prints', () => {
    // From `ssh-keygen -lf`.
    const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAICPh7eGj7USPxmBJIvLgeybd0vRLajDdu+Fu2LrnOolJ', 'base64')
    expect(fingerprint(key)).toBe('SHA256:YToOmO/ntlVj5hQbKaeJT7i8mKqrOK3h0B3kvi8FulQ')
  })
})

describe('known_hosts files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zdr-known-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('are read in order, and passed over where they are missing', async () => {
    const [first, second, missing] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string]
    writeFileSync(first, `10.0.0.11 ${text(OTHER)}\n`)
    writeFileSync(second, `\n10.0.0.11 ${text(RSA)}`)
    const known = await readKnownHosts([first, missing, second])
    expect(known.map(({ place }) => place)).toEqual([`${first}:1`, `${second}:2`])
    await expect(readKnownHosts([folder])).rejects.toMatchObject({ code: 'host-key' })
  })

  it('get a new line of their own, and are made for their owner only', async () => {
    const file = join(folder, 'new', 'known_hosts')
    await appendKnownHost(file, knownHostsLine(odd, ED25519))
    expect(statSync(file).mode & 0o077).toBe(0)
    writeFileSync(file, 'no end')
    await appendKnownHost(file, knownHostsLine(odd, ED25519))
    expect(readFileSync(file, 'utf8')).toBe(`no end\n[web.example.org]:2222 ${text(ED25519)}\n`)
  })
})

function judge(lines: string, { server = web, key = ED25519 } = {}) {
  return judgeHostKey(parseKnownHosts(lines, 'file'), server, key)
}

/** As a server sends it: a length and the type, then what belongs to that type. */
function keyOf(type: string, rest: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(type.length)
  return Buffer.concat([length, Buffer.from(type + rest)])
}

function text(key: Buffer): string {
  return `${key.toString('latin1', 4, 4 + key.readUInt32BE(0))} ${key.toString('base64')}`
}

/** As `ssh-keygen -H` writes it. */
function hashed(name: string): string {
  const salt = randomBytes(20)
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`
}
