/** A real shell, and what du says of real folders. */
import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import { measureScript, parseSizes } from '../../src/hosts/sizes.ts'

const id = '20261121031500-aaaaaaa'
const kibibytes = 1024
let root: string
let at: ReturnType<typeof layout>

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'zdr-sizes-'))
  at = layout(join(root, "ada's shop"))
  for (const folder of [join(at.releases, id), at.manifests, at.mirror]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(at.releases, id, 'app.js'), 'x'.repeat(200 * kibibytes))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const measure = () => parseSizes(execFileSync('sh', ['-c', measureScript(at)], { encoding: 'utf8' }))
const prepared = () => writeFileSync(join(at.manifests, `${id}.json`), '{}')

test('a release is measured once, when it is prepared to its end', () => {
  const [half] = measure()
  expect(half?.bytes).toBeGreaterThanOrEqual(200 * kibibytes)
  expect(half?.bytes).toBeLessThan(250 * kibibytes)
  expect(half?.inodes).toBe(2)
  expect(readdirSync(at.manifests)).toEqual([])
  prepared()
  const [whole] = measure()
  writeFileSync(join(at.releases, id, 'cache'), 'x'.repeat(200 * kibibytes))
  expect(measure()).toEqual([whole])
  expect(readdirSync(at.manifests)).toEqual([`${id}.json`, `${id}.size`])
})

test('what it shares with the mirror is not its own', () => {
  writeFileSync(join(at.mirror, 'pack'), 'x'.repeat(400 * kibibytes))
  linkSync(join(at.mirror, 'pack'), join(at.releases, id, 'pack'))
  expect(measure()[0]?.bytes).toBeLessThan(300 * kibibytes)
})

test('what cannot be written down is measured again, and what cannot be understood is left out', () => {
  prepared()
  mkdirSync(join(at.manifests, `${id}.size.new`))
  expect(measure()).toHaveLength(1)
  expect(readdirSync(at.manifests)).not.toContain(`${id}.size`)
  writeFileSync(join(at.manifests, `${id}.size`), 'torn\n')
  expect(measure()).toEqual([])
})
