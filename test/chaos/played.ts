/** What was played, a line for each case as it ends: the whole table takes most of an hour, and can be had in parts. */
import { appendFile, readFile, rm } from 'node:fs/promises'
import type { Row } from './row.ts'

const FILE = new URL('played.log', import.meta.url)

export interface PlayedCase {
  readonly at: Date
  /** Our own, by `ownVersion`. */
  readonly version: string
  readonly row: Row
}

export async function keepPlayed({ version, row }: Omit<PlayedCase, 'at'>): Promise<void> {
  await appendFile(FILE, `${JSON.stringify({ at: new Date(), version, row })}\n`)
}

/** In the order in which they ended. */
export async function playedBefore(): Promise<readonly PlayedCase[]> {
  const text = await readFile(FILE, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const { at, ...rest } = JSON.parse(line) as Omit<PlayedCase, 'at'> & { readonly at: string }
    return { ...rest, at: new Date(at) }
  })
}

export async function forgetPlayed(): Promise<void> {
  await rm(FILE, { force: true })
}
