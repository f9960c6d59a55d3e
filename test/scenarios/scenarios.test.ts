/**
 * What the engine does in the situations that an operator asks about, on an imagined fleet. `SCENARIOS=write` writes
 * anew what it does now.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { play } from './play.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const separator = '\n---\n'
const scenariosMin = 20

const files = readdirSync(folder).filter((file) => file.endsWith('.txt'))

test('there are scenarios', () => {
  expect(files.length).toBeGreaterThanOrEqual(scenariosMin)
})

test.each(files)('%s', async (file) => {
  const path = join(folder, file)
  const [header = '', expected] = readFileSync(path, 'utf8').split(separator)
  const played = `${(await play(header)).join('\n')}\n`
  if (env.SCENARIOS === 'write') writeFileSync(path, `${header.trimEnd()}${separator}${played}`)
  else expect(played).toBe(expected)
})
