import { expect, test } from 'vitest'
import { parseArguments } from '../../src/commands/arguments.ts'
import { begin } from '../../src/commands/environment.ts'
import { deployYml } from '../config/temporary.ts'
import { context } from './environment.ts'

test.each([
  ['update --force', true],
  ['setup --force', true],
  ['unlock --force', false],
  ['update', false],
])('`%s`: says that there is nothing to force: %s', async (words, isSaid) => {
  const given = context({ cwd: await deployYml({}) })
  const invocation = await parseArguments(['production', ...words.split(' ')])
  if (!('environment' in invocation)) throw new Error(`${words} has no environment`)
  await begin(invocation, given, 'test')
  const said = given.reports.filter((each) => each.type === 'note' && each.text.startsWith('--force: nothing to force'))
  expect(said).toHaveLength(isSaid ? 1 : 0)
})
