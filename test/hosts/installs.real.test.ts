/** Real npm, on dependencies that need no network. */
import { execFileSync, spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import { commandsScript, setupScript } from '../../src/hosts/release.ts'

test('what npm installed is copied with its links and workspaces, and runs', () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-installs-')))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const at = layout(join(root, 'shop'))
  const sh = (script: string) => {
    const result = spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, HOME: root } })
    expect(result.status, result.stderr).toBe(0)
    return result.stdout
  }
  sh(setupScript(at))
  const packed = join(root, 'package')
  mkdirSync(packed)
  writeFileSync(join(packed, 'package.json'), '{"name":"tool","version":"1.0.0","bin":{"tool":"./cli.js"}}')
  writeFileSync(join(packed, 'cli.js'), '#!/usr/bin/env node\nconsole.log(__dirname)\n')
  sh(`cd ${root} && chmod +x package/cli.js && tar czf tool-1.0.0.tgz package`)
  const work = join(root, 'work')
  mkdirSync(join(work, 'packages/api'), { recursive: true })
  const dependencies = { tool: `file:${join(root, 'tool-1.0.0.tgz')}` }
  writeFileSync(join(work, 'package.json'), JSON.stringify({ name: 'shop', private: true, workspaces: ['packages/*'] }))
  writeFileSync(
    join(work, 'packages/api/package.json'),
    JSON.stringify({ name: 'api', version: '1.0.0', dependencies }),
  )
  sh(
    `cd ${work} && npm install --silent --offline --package-lock-only && git init -q && git add . && git -c user.name=n -c user.email=e commit -qm one`,
  )
  const prepare = (id: string): string => {
    const directory = join(at.releases, id)
    execFileSync('git', ['clone', '--quiet', work, directory])
    const commands = ['npm ci --offline --no-audit', 'node_modules/.bin/tool']
    const installs = { what: 'spared', byLockfile: false } as const
    const said = sh(commandsScript({ directory, commands, env: {}, installs, layout: at }))
    writeFileSync(join(at.manifests, `${id}.json`), '{"state":"verified"}')
    return said
  }
  const [one, two] = ['20261121031500-aaaaaaa', '20261121031600-bbbbbbb']
  expect(prepare(one)).not.toContain('is spared')
  expect(prepare(two)).toContain(`is spared: node_modules are copied from ${one}`)
  expect(sh(`cd ${join(at.releases, two)} && node_modules/.bin/tool`).trim()).toBe(
    join(at.releases, two, 'node_modules/tool'),
  )
  const tree = (id: string) =>
    readdirSync(join(at.releases, id, 'node_modules'), { recursive: true, encoding: 'utf8' }).toSorted()
  expect(tree(two)).toEqual(tree(one))
  expect(tree(two)).toContain('api')
  expect(lstatSync(join(at.releases, two, 'node_modules/api')).isSymbolicLink()).toBe(true)
})
