/** What a rollout does in the situations that an operator asks about. `SCENARIOS=write` writes anew what it does now. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { play } from './scenario.ts'

const folder = fileURLToPath(new URL('scenarios', import.meta.url))
const separator = '\n---\n'

const files = readdirSync(folder)

test('there are scenarios', () => {
  expect(files.length).toBeGreaterThan(10)
})

test.each(files)('%s', (file) => {
  const path = join(folder, file)
  const [header = '', expected] = readFileSync(path, 'utf8').split(separator)
  const played = `${play(header)}\n`
  if (env.SCENARIOS === 'write') writeFileSync(path, `${header.trimEnd()}${separator}${played}`)
  else expect(played).toBe(expected)
})
