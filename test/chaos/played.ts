/** What was played, a line for each case as it ends: the whole table takes most of an hour, and can be had in parts. */
import { appendFile, readFile, rm } from 'node:fs/promises'
import type { Row } from './row.ts'

const FILE = new URL('played.log', import.meta.url)

export interface PlayedCase {
  readonly at: Date
  readonly row: Row
}

export async function keepPlayed(row: Row): Promise<void> {
  await appendFile(FILE, `${JSON.stringify({ at: new Date(), row })}\n`)
}

/** In the order in which they ended. */
export async function playedBefore(): Promise<readonly PlayedCase[]> {
  const text = await readFile(FILE, 'utf8').catch(() => '')
  const lines = text.split('\n').filter((line) => line !== '')
  return lines.map((line) => {
    const { at, row } = JSON.parse(line) as { readonly at: string; readonly row: Row }
    return { at: new Date(at), row }
  })
}

export async function forgetPlayed(): Promise<void> {
  await rm(FILE, { force: true })
}
