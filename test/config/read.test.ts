import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../src/config/read.ts'
import { folderWith, refusal } from './temporary.ts'

async function readIn(files: Readonly<Record<string, string>>, name: string) {
  const cwd = await folderWith(files)
  return readConfig(join(cwd, name), cwd)
}

const commonjs = 'module.exports = { deploy: { a: require("node:path").sep } }'
const esm = 'import { sep } from "node:path"\nexport default { deploy: { a: sep } }'

test.each([
  ['CommonJS in a package of type module', { 'package.json': '{"type":"module"}', 'e.js': commonjs }, 'e.js'],
  ['CommonJS in a package of no type', { 'package.json': '{}', 'e.js': commonjs }, 'e.js'],
  ['ESM in a package of type commonjs', { 'package.json': '{"type":"commonjs"}', 'e.js': esm }, 'e.js'],
  ['ESM in a package of type module', { 'package.json': '{"type":"module"}', 'e.js': esm }, 'e.js'],
  ['.cjs', { 'e.cjs': commonjs }, 'e.cjs'],
  ['.mjs', { 'e.mjs': esm }, 'e.mjs'],
  [
    '`defineConfig`, where the package is not installed,',
    { 'e.ts': `import { defineConfig } from 'zdr-deploy'\nexport default defineConfig({ deploy: { a: '/' } })` },
    'e.ts',
  ],
  ['TypeScript', { 'e.ts': 'const a: string = "/"\nexport default { deploy: { a } } as const' }, 'e.ts'],
])('%s is read', async (_, files, name) => {
  expect((await readIn(files, name)).data).toEqual({ deploy: { a: '/' } })
})

test.each([
  ['e.cjs', 'module.exports = {\n  a: 1,\n  b: }\n', 'e.cjs:3'],
  ['e.mjs', 'export default {\n  b: }\n', 'e.mjs:2'],
  ['e.ts', 'const x: number = 1\nexport default { x, y: }\n', 'e.ts:2'],
  ['e.cjs', 'const x = 1\nmodule.exports = { a: nope.y }\n', 'e.cjs:2'],
  ['e.yml', 'deploy:\n  a: [1\n', 'e.yml:3:1'],
  ['e.yml', 'deploy:\n  a: 1\n  a: 2\n', 'e.yml:3:3'],
  ['e.json', '{ "deploy": {\n  "a": "x\n} }', 'e.json:'],
])('%s with %j is refused with file and line', async (name, text, place) => {
  const error = await refusal(readIn({ [name]: text }, name))
  expect(error.code).toBe('config')
  expect(error.message).toContain(place)
})

test('a file that exports a function is told to export the object', async () => {
  expect(await refusal(readIn({ 'e.mjs': 'export default () => ({})' }, 'e.mjs'))).toMatchObject({
    code: 'config',
    message: 'e.mjs exports a function',
  })
})

test('JSON may have what pm2 lets it have: comments, single quotes, trailing commas, tabs', async () => {
  const text = `{\n\t// one "thing\n\t"a": 'http://x//y', /* two,\n three */ "b": "/* no comment */",\n\tc: [1,],\n}`
  expect((await readIn({ 'e.json': text }, 'e.json')).data).toEqual({ a: 'http://x//y', b: '/* no comment */', c: [1] })
})

test('keys are found where they stand, and what is not there at its parent', async () => {
  const { locate } = await readIn({ 'e.yml': 'deploy:\n  production:\n    host:\n      - a\n      - b: 1\n' }, 'e.yml')
  expect(locate(['deploy', 'production'])).toBe('e.yml:2:3')
  expect(locate(['deploy', 'production', 'host', 1, 'b'])).toBe('e.yml:5:9')
  expect(locate(['deploy', 'production', 'ref'])).toBe('e.yml:2:3')
})

test('what a file prints when it is read stays off standard output', async () => {
  const cwd = await folderWith({ 'e.mjs': 'console.log("hello"); console.info("you"); export default { ok: 1 }' })
  const script = `import { createJiti } from 'jiti'
    const { readConfig } = await createJiti(import.meta.url).import(${JSON.stringify(join(import.meta.dirname, '../../src/config/read.ts'))})
    const { data } = await readConfig(${JSON.stringify(join(cwd, 'e.mjs'))}, ${JSON.stringify(cwd)})
    console.log(JSON.stringify(data))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 20_000,
  })
  expect(printed).toBe('{"ok":1}\n')
})
