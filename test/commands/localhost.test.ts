/** A whole deploy on this machine, without SSH: real git, real shells, and a server that the commands start. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Invocation } from '../../src/commands/arguments.ts'
import { run } from '../../src/commands/deploy.ts'
import { pathWithoutBash } from '../hosts/without-bash.ts'
import { context, plainWishes } from './environment.ts'

const server = `require('node:http').createServer((_, answer) => answer.end('well')).listen(Number(process.env.PORT))`
/** As people write it who have no process manager. */
const serve = `[ ! -e $SHARED/pid ] || kill $(cat $SHARED/pid)
node server.js >/dev/null 2>&1 & echo $! > $SHARED/pid`

const invocation: Extract<Invocation, { verb: 'deploy' }> = {
  verb: 'deploy',
  environment: 'production',
  configFile: null,
  ...plainWishes,
  allowDowntime: true,
}

test('a fleet of one localhost, which has no bash, is rolled without SSH, and whoever wants to know is told how it ended', async () => {
  const { root, git } = await ground()
  const given = context({ cwd: root, env: { ...process.env, HOME: root, PATH: pathWithoutBash(join(root, 'bin')) } })
  expect({ code: await run(invocation, given), reports: given.reports }).toMatchObject({ code: 0 })
  expect(readFileSync(join(root, 'shop/current/built'), 'utf8')).toBe(`it's "$HOME" * ${root}/shop/shared no bash\n`)
  const [deployed] = readFileSync(join(root, 'told'), 'utf8').split('\n')
  expect(deployed).toBe(`post deployed 0 ${git('rev-parse', 'HEAD')}`)

  writeFileSync(join(root, 'work/server.js'), 'process.exit(1)')
  git('commit', '--quiet', '--all', '--message', 'broken')
  expect(await run(invocation, given)).toBe(3)
  const [, failed] = readFileSync(join(root, 'told'), 'utf8').split('\n')
  expect(failed).toBe(`failed rolled back 3 ${git('rev-parse', 'HEAD')}`)
})

async function ground() {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-localhost-')))
  const work = join(root, 'work')
  onTestFinished(() => {
    execFileSync('sh', ['-c', 'kill $(cat "$1") 2>/dev/null; exit 0', 'sh', join(root, 'shop/shared/pid')])
    rmSync(root, { recursive: true, force: true, maxRetries: 5 })
  })
  mkdirSync(work)
  const git = (...words: readonly string[]) => execFileSync('git', ['-C', work, ...words], { encoding: 'utf8' }).trim()
  git('init', '--quiet', '--initial-branch', 'main')
  git('config', 'user.name', 'ada')
  git('config', 'user.email', 'ada@example.org')
  writeFileSync(join(work, 'server.js'), server)
  git('add', '.')
  git('commit', '--quiet', '--message', 'one')
  const port = await freePort()
  const deploy = {
    production: {
      host: 'localhost',
      ref: 'origin/main',
      repo: work,
      path: '~/shop',
      env: { port, greeting: `it's "$HOME" *` },
      install: `echo "$GREETING $SHARED \${BASH_VERSION:-no bash}" > built`,
      reload: serve,
      'post-deploy-local': 'echo "post $ZDR_OUTCOME $ZDR_EXIT_CODE $ZDR_SHA" >> told',
      'on-failure-local': 'echo "failed $ZDR_OUTCOME $ZDR_EXIT_CODE $ZDR_SHA" >> told',
      health: { url: `http://localhost:${port}/`, passes: 1, stable: '0s', start: '2s' },
    },
  }
  writeFileSync(join(root, 'ecosystem.json'), JSON.stringify({ deploy }))
  return { root, git }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const address = probe.address()
  await new Promise((resolve) => probe.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
