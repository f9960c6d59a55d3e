import { readFile } from 'node:fs/promises'
import { demand } from './process.ts'

export interface Key {
  /** The path of the private key. */
  readonly file: string
  readonly private: string
  /** One line, with its end. */
  readonly public: string
}

/** Makes an ed25519 key without a passphrase in that file (and `.pub` beside it). */
export async function createKey(file: string): Promise<Key> {
  await demand('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', file])
  return { file, private: await readFile(file, 'utf8'), public: await readFile(`${file}.pub`, 'utf8') }
}
