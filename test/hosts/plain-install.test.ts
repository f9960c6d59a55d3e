import { expect, test } from 'vitest'
import { isPlainInstall } from '../../src/hosts/installs.ts'

test.each([
  'npm ci',
  'npm install --no-audit',
  'NODE_ENV=production npm i',
  'yarn',
  'yarn --immutable',
  'yarn install',
  'pnpm i --frozen-lockfile',
  'bun install',
  'npm ci --omit=dev',
  'npm ci --omit dev',
  'npm ci -f',
  'npm ci > /dev/null 2>&1',
])('`%s` can be spared', (text) => expect(isPlainInstall(text)).toBe(true))

test.each([
  'npm install left-pad',
  'npm run build',
  'npm ci --prefix api',
  'npm --prefix api ci',
  'npm i -g pm2',
  'npm i -gf',
  'npm ci -w api',
  'npm ci --workspaces',
  'npm ci -gf',
  'npm ci -fg',
  'npm i --no-package-lock',
  'yarn --no-lockfile',
  'yarn build',
  'yarn add x',
  'pnpm --filter api i',
  'npm ci; echo',
  'npm ci $FLAGS',
  'npm prune',
  'npm ci | tee log',
  'npm ci > log',
])('`%s` cannot', (text) => expect(isPlainInstall(text)).toBe(false))
