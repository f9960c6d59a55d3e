/**
 * The halves of each file's post-deploy in a real shell: the same programs are called with the same words, in the same
 * folder of the release and with the same variables, as by the text that people wrote. The programs only note that.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../src/config/read.ts'
import { isObject } from '../../src/config/section.ts'
import { deploySection } from '../../src/config/source.ts'
import { split } from '../../src/config/split.ts'
import { quote } from '../../src/hosts/shell.ts'
import { ecosystemFiles, filesFolder, writtenTexts } from './ecosystem-files.ts'

/** Those are refused, or leave something running. */
const unfit = /^(background|git-in-an-unknown-folder|login-shell-with-git|missing-host|subdir-and-cd)\.js$/
const files = ecosystemFiles().filter((name) => !unfit.test(name))
const programs = 'npm npx yarn pnpm bun pm2 make docker sudo node sh bash cp rm mkdir touch systemctl'.split(' ')
const scripts = ['restart.sh', 'scripts/deploy.sh', 'scripts/after-deploy.sh']
const others = ['server.js', 'package.json', 'build.js', 'api/x', 'server/x', 'backend/x', 'frontend/x']
const settings = { '.profile': 'PROFILE=read', '.bashrc': 'PROFILE=bash', '.nvm/nvm.sh': 'nvm() { NODE_IS="$*"; }' }
const timeoutMs = 20_000

let folder: string
const at = (...path: readonly string[]): string => join(folder, ...path)

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-split-')))
  for (const [name, text] of Object.entries(settings)) write(at('home', name), `${text}\n`)
  for (const release of ['source', 'releases/new']) {
    for (const name of scripts) write(at('shop', release, name), '#!/bin/bash\nnote "$0" "$@"\n')
    for (const name of others) write(at('shop', release, name), '')
  }
  symlinkSync(at('shop/releases/new'), at('shop/current'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.each(files)('%s', async (name) => {
  const { production } = deploySection(await readConfig(join(filesFolder, name), filesFolder)) ?? {}
  const postDeploy = isObject(production) ? textsOf(production) : []
  const { prepare, activate } = split({
    ...{ postDeploy, install: undefined, reload: undefined },
    ...{ path: at('shop'), file: 'ecosystem.config.js', environment: 'production' },
  })
  if (postDeploy.length === 0) return
  const [written, halves] = notesOf(
    ran(at('shop/source'), postDeploy),
    `${ran(at('shop/releases/new'), prepare)}${ran(at('shop/current'), activate)}`,
  )
  expect(halves).toEqual(written)
})

/** The post-deploy, of a folder that is there. */
function textsOf(block: Readonly<Record<string, unknown>>): readonly string[] {
  const { path } = block
  return writtenTexts(block).map((text) => (typeof path === 'string' ? text.replaceAll(path, at('shop')) : text))
}

/** In a shell of their own. */
function ran(directory: string, commands: readonly string[]): string {
  const lines = [`cd ${quote(directory)}`, ...commands.map((text) => `eval ${quote(text)}`)]
  return `( ${lines.join(' &&\n')} ) || echo failed\n`
}

/** What was called by each, without git, which has no place in a release. */
function notesOf(...bodies: readonly string[]): readonly (readonly string[])[] {
  const program = [...programs, 'git'].map((name) => `${name}() { note ${name} "$@"; }\n`).join('')
  const note = `note() { echo "note $(pwd -P) $NODE_ENV $NODE_OPTIONS $NVM_DIR $NODE_IS $PROFILE $*"; }\nexport -f note\n`
  const script = `${note}${program}exec 2>/dev/null\n${bodies.join('echo and\n')}`
  const env = { PATH: at('bin'), HOME: at('home'), SHARED: at('shop/shared') }
  const told = execFileSync('/bin/bash', ['-c', script], { env, timeout: timeoutMs, encoding: 'utf8' })
  return told.split('\nand\n').map((part) =>
    part
      .split('\n')
      .filter((line) => /^(note|failed)\b/.test(line) && !/ git /.test(line))
      // The work tree of pm2 deploy, and the release: to what is called, they are one.
      .map((line) => line.replaceAll(/\/shop\/(source|current|releases\/new)\b/g, '/release')),
  )
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text, { mode: 0o755 })
}
