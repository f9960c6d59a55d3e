/** What OpenSSH's lists of algorithms (`+a,b`, `-a*`, `^a`, `a,b`) mean to ssh2, which knows fewer. Pure. */

export const algorithmKinds = ['kex', 'cipher', 'hmac', 'serverHostKey'] as const
export type AlgorithmKind = (typeof algorithmKinds)[number]

/** For each kind that is written down, what is offered, the best first. Never empty. */
export type Algorithms = Readonly<Partial<Record<AlgorithmKind, readonly string[]>>>

interface Known {
  /** Offered where nothing is written. */
  readonly usual: readonly string[]
  /** Offered on demand only: for old servers. */
  readonly other: readonly string[]
}

/** As ssh2 has them, but for host keys: there ours are the ones that known_hosts can be asked for. */
export const knownAlgorithms: Readonly<Record<AlgorithmKind, Known>> = {
  kex: {
    usual: [
      ...['curve25519-sha256@libssh.org', 'curve25519-sha256'],
      ...['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521'],
      ...['diffie-hellman-group-exchange-sha256', 'diffie-hellman-group14-sha256', 'diffie-hellman-group15-sha512'],
      ...['diffie-hellman-group16-sha512', 'diffie-hellman-group17-sha512', 'diffie-hellman-group18-sha512'],
    ],
    other: ['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'],
  },
  cipher: {
    usual: [
      ...['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr'],
      ...['chacha20-poly1305@openssh.com', 'aes256-ctr'],
    ],
    other: ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc', 'aes128-gcm', 'aes256-gcm'],
  },
  hmac: {
    usual: [
      ...['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha1-etm@openssh.com'],
      ...['hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha1'],
    ],
    other: [...['hmac-md5', 'hmac-sha2-256-96', 'hmac-sha2-512-96', 'hmac-ripemd160', 'hmac-sha1-96', 'hmac-md5-96']],
  },
  serverHostKey: {
    usual: [
      ...['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
      ...['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'],
    ],
    other: [],
  },
}

/** Names that nobody here knows are passed over, as the server's are. null: none is left, or one that was asked for beside the usual ones is not known. */
export function chosenAlgorithms(kind: AlgorithmKind, written: string): readonly string[] | null {
  const { usual, other } = knownAlgorithms[kind]
  const all = [...usual, ...other]
  const names = written
    .replace(/^[-+^]/, '')
    .split(',')
    .map((name) => name.trim())
  const named = names.flatMap((name) => all.filter((each) => isLike(each, name)))
  const chosen = merge(written[0], usual, named)
  const isVain = named.length === 0 && !written.startsWith('-')
  return isVain || chosen.length === 0 ? null : chosen
}

function merge(sign: string | undefined, usual: readonly string[], named: readonly string[]): readonly string[] {
  if (sign === '+') return [...new Set([...usual, ...named])]
  if (sign === '^') return [...new Set([...named, ...usual])]
  if (sign === '-') return usual.filter((each) => !named.includes(each))
  return [...new Set(named)]
}

/** `*` and `?` stand for what they stand for in OpenSSH. */
function isLike(name: string, pattern: string): boolean {
  const literal = pattern.replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(name)
}
