import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { algorithmKinds, chosenAlgorithms, knownAlgorithms } from '../../src/hosts/ssh-algorithms.ts'

const ssh2 = createRequire(import.meta.url)('ssh2/lib/protocol/constants.js') as Readonly<
  Record<string, readonly string[]>
>
const names = { kex: 'KEX', cipher: 'CIPHER', hmac: 'MAC', serverHostKey: 'SERVER_HOST_KEY' } as const

test.each(algorithmKinds)('%s: the usual ones are those of ssh2, and it takes the others', (kind) => {
  const { usual, other } = knownAlgorithms[kind]
  expect([...usual].sort()).toEqual([...(ssh2[`DEFAULT_${names[kind]}`] ?? [])].sort())
  expect(ssh2[`SUPPORTED_${names[kind]}`]).toEqual(expect.arrayContaining([...usual, ...other]))
})

test('a list is taken as OpenSSH takes it, without what is not known here', () => {
  const { usual } = knownAlgorithms.kex
  const old = 'diffie-hellman-group14-sha1'
  expect(chosenAlgorithms('kex', `+${old}`)).toEqual([...usual, old])
  expect(chosenAlgorithms('kex', `^${old},ecdh-sha2-nistp256`)?.slice(0, 2)).toEqual([old, 'ecdh-sha2-nistp256'])
  expect(chosenAlgorithms('kex', '-ecdh-*,curve25519-sha256')).toEqual(
    usual.filter((name) => !name.startsWith('ecdh-') && name !== 'curve25519-sha256'),
  )
  expect(chosenAlgorithms('kex', `sntrup761x25519-sha512@openssh.com, ${old}`)).toEqual([old])
  expect(chosenAlgorithms('hmac', '-umac-64@openssh.com')).toEqual(knownAlgorithms.hmac.usual)
})

test('a list that leaves nothing, or brings nothing, is none', () => {
  for (const written of ['', 'x', '+x', '^x', '-*']) expect(chosenAlgorithms('cipher', written), written).toBeNull()
})
