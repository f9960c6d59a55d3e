import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseArguments } from '../../src/commands/arguments.ts'
import { run } from '../../src/commands/init.ts'

let cwd = ''
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'zdr-init-'))
})
afterEach(() => rm(cwd, { recursive: true }))

async function init(yaml = false): Promise<string> {
  const said: string[] = []
  const code = await run({ yaml }, { cwd, report: (report) => said.push(report.type === 'note' ? report.text : '') })
  expect(code).toBe(0)
  return said.join('\n')
}

const require = createRequire(import.meta.url)

describe('init', () => {
  test('writes an ecosystem file that loads', async () => {
    await init()
    const { deploy, apps } = require(join(cwd, 'ecosystem.config.js'))
    expect(deploy.production.host).toHaveLength(3)
    expect(apps).toHaveLength(1)
  })

  test('names it .cjs where the package is of ES modules, as pm2 needs it', async () => {
    await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
    await init()
    expect(require(join(cwd, 'ecosystem.config.cjs')).deploy.production.ref).toBe('origin/main')
  })

  test('with --yaml says the same in YAML', async () => {
    await init(true)
    const fromYaml = parse(await readFile(join(cwd, 'deploy.yml'), 'utf8'))
    await rm(join(cwd, 'deploy.yml'))
    await init()
    expect(fromYaml.deploy).toEqual(require(join(cwd, 'ecosystem.config.js')).deploy)
  })

  test.each([
    ['ecosystem.config.js', false, "@type {import('zdr-deploy').Config}"],
    ['ecosystem.config.ts', false, 'defineConfig'],
    ['ecosystem.json', false, '"$schema": "./node_modules/'],
    ['deploy.yml', true, '# yaml-language-server: $schema=node_modules/'],
  ])('never touches a %s that is there, and prints the block to paste', async (name, yaml, forEditors) => {
    await writeFile(join(cwd, name), 'mine')
    const said = await init(yaml)
    expect(await readFile(join(cwd, name), 'utf8')).toBe('mine')
    expect(await readdir(cwd)).toEqual([name])
    expect(said).toContain('production:')
    expect(said).toContain(forEditors)
    expect(said).not.toContain('apps')
    expect(said).not.toContain('<deploy>')
  })
})

describe('the CI files', () => {
  test.each(['github-actions.yml', 'gitlab-ci.yml'])(
    '%s deploys the commit of its pipeline, one at a time',
    async (name) => {
      const text = await readFile(new URL(`../../templates/ci/${name}`, import.meta.url), 'utf8')
      const config = parse(text)
      const [, line = ''] = /zdr-deploy (production .*)$/m.exec(text) ?? []
      const words = line.replaceAll(/["']/g, '').split(' ')
      expect(await parseArguments(words)).toMatchObject({
        verb: 'deploy',
        environment: 'production',
        goal: { kind: 'ref', ref: expect.stringMatching(/^\$(GITHUB_SHA|CI_COMMIT_SHA)$/) },
      })
      const group = config.concurrency?.group ?? config['deploy-production']?.resource_group
      expect(group).toContain('production')
    },
  )
})
