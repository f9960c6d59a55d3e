/** The private keys that can be offered, and those that cannot without a passphrase, which we never ask for. */
import { readFile } from 'node:fs/promises'
import { UserError } from '../errors.ts'

export interface PrivateKeys {
  readonly usable: readonly { readonly file: string; readonly content: Buffer }[]
  /** Files that need a passphrase: an agent may hold these keys. */
  readonly locked: readonly string[]
}

/** `parse` answers null for a private key that can be used, else the reason why not. */
export async function readPrivateKeys(
  files: readonly string[],
  parse: (content: Buffer) => string | null,
): Promise<PrivateKeys> {
  const usable: { file: string; content: Buffer }[] = []
  const locked: string[] = []
  for (const file of files) {
    const content = await contentOf(file)
    const objection = parse(content)
    if (objection === null) usable.push({ file, content })
    else if (/encrypted|passphrase/i.test(objection)) locked.push(file)
    else throw new UserError('authentication', `${file} is no private key that can be used: ${objection}`)
  }
  return { usable, locked }
}

async function contentOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new UserError('authentication', `cannot read the private key ${file}: ${reasonOf(cause)}`, {
      hint: 'Correct `key` (or IdentityFile) in the configuration, or the file and its rights.',
      cause,
    })
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
