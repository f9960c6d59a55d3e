import { expect, test } from 'vitest'
import { healthPathIn, installCommands, portIn, startOf } from '../../src/commands/init/package.ts'

test.each([
  [['package-lock.json'], {}, ['npm ci']],
  [[], { build: 'tsc' }, ['npm install', 'npm run build']],
  [['pnpm-lock.yaml'], { build: 'tsc' }, ['pnpm install --frozen-lockfile', 'pnpm run build']],
  [['yarn.lock'], {}, ['yarn install --frozen-lockfile']],
  [['yarn.lock', '.yarnrc.yml'], { build: 'tsc' }, ['yarn install --immutable', 'yarn run build']],
  [['bun.lock'], {}, ['bun install --frozen-lockfile']],
])('with %j and scripts %j it is installed by %j', (files, scripts, commands) => {
  expect(installCommands({ manifest: { scripts }, files })).toEqual(commands)
})

test('nothing is installed without a package.json', () => {
  expect(installCommands({ manifest: null, files: [] })).toEqual([])
})

test.each([
  [{ scripts: { start: 'node server.js' } }, [], 'server.js'],
  [{ scripts: { start: 'NODE_ENV=production node ./dist/main' } }, [], './dist/main'],
  [{ scripts: { start: 'node --import tsx server.ts' } }, [], 'npm start'],
  [{ scripts: { start: 'next start -p 4000' } }, [], 'node_modules/next/dist/bin/next start -p 4000'],
  [{ main: 'lib/app.js' }, ['index.js'], 'lib/app.js'],
  [{}, ['README.md', 'index.js'], 'index.js'],
  [{}, [], null],
])('of %j and the files %j, pm2 starts %j', (manifest, files, start) => {
  expect(startOf({ manifest, files })).toBe(start)
})

test.each([
  ['const port = process.env.PORT || 4000', 4000],
  ["listen(process.env['PORT'] ?? '4001')", 4001],
  ['next start -p 4002', 4002],
  ['PORT=4003 node server.js', 4003],
  ['app.listen(4004)', 4004],
  ['app.listen(port)', 3000],
])('%s listens at %d', (text, port) => {
  expect(portIn([text])).toBe(port)
})

test('a path of a health check is found in the script', () => {
  expect(healthPathIn("app.get('/api/healthz', …)")).toBe('/api/healthz')
  expect(healthPathIn("app.get('/', …)")).toBe('/')
})
