/** What the real pm2-deploy makes of our keys: it reads the last `"key":"value"` of the block's JSON, however deep. */
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { readConfig } from '../../src/config/read.ts'
import * as schema from '../../src/config/schema.ts'
import { isObject, leaves } from '../../src/config/section.ts'
import { deploySection } from '../../src/config/source.ts'
import { filesFolder as files } from './ecosystem-files.ts'

/** Those that it reads, but for `fetch`: a `timeouts.fetch` makes of `fast` a full fetch there, and is no danger. */
const read =
  'user host key forward-agent port needs_tty ssh_options path ref repo pre-setup post-setup pre-deploy-local pre-deploy post-deploy'.split(
    ' ',
  )
const shapes = Object.entries(schema).flatMap(([name, shape]) =>
  name.endsWith('Shape') && typeof shape === 'object' ? [[name, Object.keys(shape)] as const] : [],
)

test('no key inside of a section of ours has a name that it reads', () => {
  const sections = shapes.filter(([name]) => name !== 'hostShape')
  expect(sections.length).toBeGreaterThanOrEqual(4)
  for (const [name, keys] of sections)
    expect({ name, keys: keys.filter((key) => read.includes(key)) }).toEqual({ name, keys: [] })
})

test('the file that is run through it has every key of ours', async () => {
  vi.stubEnv('ZDR_TEST_HOST', 'web-1')
  const source = await readConfig(join(files, 'everything.cjs'), files)
  vi.unstubAllEnvs()
  const block = deploySection(source)?.production
  const written = new Set(leaves(block).flatMap(({ path }) => path))
  const own = Object.keys(schema.environmentShape(files)).filter((key) => ![...read, 'fetch', 'env'].includes(key))
  const nested = shapes.filter(([name]) => name !== 'hostShape').flatMap(([, keys]) => keys)
  expect(isObject(block)).toBe(true)
  expect([...own, ...nested].filter((key) => !written.has(key))).toEqual([])
})
