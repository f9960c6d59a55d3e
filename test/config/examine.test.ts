import { expect, test } from 'vitest'
import { examine } from '../../src/config/load.ts'
import { placeOf } from '../../src/config/place.ts'
import { deployYml, refusal } from './temporary.ts'

async function examined(lines: Readonly<Record<string, string>>) {
  return examine({ cwd: await deployYml(lines), environment: 'production' })
}

test('what could be read of a block with mistakes can be gone on with', async () => {
  const { config, problems, source } = await examined({ ref: "''", 'keep-releases': '1', hots: 'web-1' })
  expect(problems.map(({ path }) => path.at(-1))).toEqual(['ref', 'keep-releases', 'hots'])
  expect(problems.map(({ path }) => placeOf(source, path).line)).toEqual([5, 9, 10])
  expect(config?.hosts.map(({ name }) => name)).toEqual(['10.0.0.11', '10.0.0.12', '10.0.0.13'])
  expect(config).toMatchObject({ path: '/var/www/shop', ref: '' })
})

test.each([{ host: '[]' }, { path: 'www/shop' }])('with %j no machine can be looked at', async (lines) => {
  const { config, problems } = await examined(lines)
  expect(config).toBeNull()
  expect(problems).not.toEqual([])
})

test('warnings are those of keys that are written', async () => {
  const { config, warnings } = await examined({ ssh_options: 'Compression=yes' })
  expect(warnings).toEqual([expect.stringContaining('Compression')])
  expect(config?.warnings).toContainEqual(expect.stringContaining('`health`'))
})

test('an environment that is not there is refused', async () => {
  const error = await refusal(examine({ cwd: await deployYml({}), environment: 'prodution' }))
  expect(error.hint).toContain('production')
})
