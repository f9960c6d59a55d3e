import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { parseArguments } from '../../src/commands/arguments.ts'
import { ecosystemFile, yamlFile } from '../../src/commands/init/file.ts'
import type { InitFlags } from '../../src/commands/init/flags.ts'
import { run } from '../../src/commands/init.ts'
import { loadEnvironment } from '../../src/config/load.ts'
import { UserError } from '../../src/errors.ts'
import { refusal } from '../config/temporary.ts'

let cwd = ''
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'zdr-init-'))
})
afterEach(() => rm(cwd, { recursive: true }))

const fleet: InitFlags = {
  host: '10.0.0.11 10.0.0.12',
  repo: 'git@git.example.com:shop.git',
  script: 'server.js',
  path: '/var/www/shop',
}
const { script: _, ...withoutScript } = fleet

/** What it says, one note after another. */
async function notes(flags: InitFlags = fleet, { yaml = false, folder = cwd } = {}): Promise<readonly string[]> {
  const said: string[] = []
  const code = await run(
    { yaml, flags },
    {
      cwd: folder,
      env: {},
      isTerminal: false,
      report: (report) => said.push(report.type === 'note' ? report.text : ''),
    },
  )
  expect(code).toBe(0)
  return said
}

async function init(...words: Parameters<typeof notes>): Promise<string> {
  return (await notes(...words)).join('\n')
}

function production(folder = cwd) {
  return loadEnvironment({ cwd: folder, environment: 'production' })
}

const require = createRequire(import.meta.url)

describe('init writes', () => {
  test('an ecosystem file that loads, with nothing in it that was not said', async () => {
    await init()
    const { deploy, apps } = require(join(cwd, 'ecosystem.config.js'))
    expect(apps).toMatchObject([{ script: 'server.js', exec_mode: 'cluster', env_production: { PORT: 3000 } }])
    expect(deploy.production).toEqual({
      host: ['10.0.0.11', '10.0.0.12'],
      ref: 'origin/main',
      repo: 'git@git.example.com:shop.git',
      path: '/var/www/shop',
      'post-deploy': 'pm2 reload ecosystem.config.js --env production',
      health: 'http://localhost:3000/',
    })
  })

  test('and says, where several hosts have no balancer, that requests reach them while they reload', async () => {
    const note = 'requests reach a host while it reloads: name nginx with `--balancer`'
    expect(await notes()).toContain(note)
    await rm(join(cwd, 'ecosystem.config.js'))
    expect(await notes({ ...fleet, host: '10.0.0.11' })).not.toContain(note)
    await rm(join(cwd, 'ecosystem.config.js'))
    expect(await notes({ ...fleet, balancer: '10.0.0.2', upstream: 'shop' })).not.toContain(note)
  })

  test('a name ending with .cjs where the package is of ES modules, as pm2 needs it', async () => {
    await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
    await init()
    expect((await production()).split.activate).toEqual(['pm2 reload ecosystem.config.cjs --env production'])
  })

  test('with --yaml a deploy.yml, beside an ecosystem file that has apps alone', async () => {
    await writeFile(
      join(cwd, 'ecosystem.config.js'),
      "module.exports = { apps: [{ name: 'shop', env: { PORT: 4000 } }] }",
    )
    await init({ ...withoutScript, balancer: 'root@10.0.0.2', upstream: 'shop' }, { yaml: true })
    expect(parse(await readFile(join(cwd, 'deploy.yml'), 'utf8')).deploy.production).toMatchObject({
      'post-deploy': 'pm2 reload ecosystem.config.js --env production',
      health: 'http://localhost:4000/',
      balancer: { type: 'nginx', on: ['root@10.0.0.2'], upstream: 'shop' },
    })
    expect(await production()).toMatchObject({ file: 'deploy.yml', hosts: [{ server: '10.0.0.11:4000' }, {}] })
  })

  test('how nginx knows a host only where that is not its address and the port of the health check', async () => {
    const host = '10.0.0.11=10.0.0.11:4000 web-2=10.0.0.12:4000'
    await init({ ...fleet, host, health: 'http://localhost:4000/health' })
    const { deploy } = require(join(cwd, 'ecosystem.config.js'))
    expect(deploy.production.host).toEqual(['10.0.0.11', { host: 'web-2', server: '10.0.0.12:4000' }])
  })

  test.each([
    ['package-lock.json', { subdir: 'apps/api' }, 'npm ci'],
    ['apps/api/yarn.lock', {}, 'cd apps/api && yarn install --frozen-lockfile'],
  ])('in a repository of several apps, with %s: %j', async (lockfile, keys, install) => {
    const folder = join(cwd, 'apps/api')
    await mkdir(folder, { recursive: true })
    execFileSync('git', ['init', '-q'], { cwd })
    await writeFile(join(cwd, lockfile), '')
    await writeFile(join(folder, 'package.json'), '{}')
    await init(fleet, { folder })
    const start = `${install} && pm2 reload ecosystem.config.js --env production`
    const { production: written } = require(join(folder, 'ecosystem.config.js')).deploy
    expect(written).toMatchObject({ ...keys, 'post-deploy': start })
    expect(Object.hasOwn(written, 'subdir')).toBe('subdir' in keys)
  })

  test('no health check, and so no key, where the answer is `none`', async () => {
    await init({ ...fleet, health: 'none' })
    expect(await production()).toMatchObject({ health: null })
  })
})

describe('init refuses', () => {
  test('to guess where nobody can be asked, and names every option at once', async () => {
    const error = await refusal(init({}))
    expect(error).toMatchObject({ code: 'usage' })
    expect(error.message).toContain('--host, --repo, --script.')
    expect(await readdir(cwd)).toEqual([])
  })

  test.each<[InitFlags, string]>([
    [{ host: '-web' }, '--host must be one line'],
    [{ host: 'web-1=4000x' }, '--host must be how the balancer knows this host'],
    [{ path: 'www' }, '--path must be absolute'],
    [{ health: 'localhost:4000' }, '--health must be a URL'],
    [{ upstream: 'shop' }, '--upstream is said, and no --balancer'],
    [{ balancer: '10.0.0.2', upstream: 'a b' }, '--upstream must be the name'],
    [{ ref: '-f' }, '--ref must be one line'],
    [{ 'post-deploy': 'git checkout $(cat ref); bash -c "git pull"' }, 'post-deploy'],
  ])('%j, and writes nothing', async (flags, message) => {
    expect((await refusal(init({ ...fleet, ...flags }))).message).toContain(message)
    expect(await readdir(cwd)).toEqual([])
  })

  test('hosts of which nothing says the port that nginx knows, in words of the options', async () => {
    const flags = { ...fleet, balancer: '10.0.0.2', upstream: 'shop', health: 'none' }
    expect(await refusal(init(flags))).toMatchObject({
      message: '--host has `10.0.0.11` without a port, and there is no --health that has one.',
      hint: expect.stringContaining('`--host 10.0.0.11=10.0.0.11:3000`'),
    })
    await init({ ...flags, host: '10.0.0.11=10.0.0.11:3000 10.0.0.12=10.0.0.12:3000' })
  })

  test('to write beside a deploy.yml that says nothing', async () => {
    await writeFile(join(cwd, 'deploy.yml'), '# later\n')
    expect((await refusal(init())).message).toContain('has no `deploy` section')
  })

  test('an option for a key that is there already', async () => {
    await init()
    const error = await refusal(init({ path: '/srv/shop' }))
    expect(error.message).toBe('--path: ecosystem.config.js has `path` already.')
  })
})

describe('where a file is there, init never touches it, and what it says', () => {
  const block = { host: '10.0.0.11', ref: 'origin/main', repo: 'git@git.example.com:shop.git', path: '/var/www/shop' }
  const json = JSON.stringify({ apps: [{ name: 'shop' }], deploy: { production: block } }, null, 2)
  const apps = JSON.stringify({ apps: [{ name: 'shop' }] }, null, 2)
  /** Between the mark's line and the lines below it. */
  const insertBelow = (text: string, line: number, added: string): string =>
    text.split('\n').toSpliced(line, 0, added.trimEnd()).join('\n')
  const insertAtEndOf = (text: string, line: number, added: string): string =>
    insertBelow(
      text
        .split('\n')
        .toSpliced(line - 2, 1, `${text.split('\n')[line - 2]},`)
        .join('\n'),
      line - 1,
      added,
    )

  test.each([
    ['ecosystem.config.js', `module.exports = ${json}\n`],
    [
      'ecosystem.config.cjs',
      `const deploy = {\n  production: ${JSON.stringify(block, null, 2)},\n}\nmodule.exports = { deploy }\n`,
    ],
    ['ecosystem.config.ts', `export default ${json}\n`],
    ['ecosystem.json', `${json}\n`],
    [
      'ecosystem.yml',
      `apps: [{ name: shop }]\ndeploy:\n    production:\n        ${Object.entries(block)
        .map((entry) => entry.join(': '))
        .join('\n        ')}\n`,
    ],
  ])('loads when it is pasted into the block of %s, at the line it names', async (name, text) => {
    await writeFile(join(cwd, name), text)
    const [said = '', hint] = await notes({
      health: 'http://localhost:4000/up',
      balancer: '10.0.0.2',
      upstream: 'shop',
      'post-deploy': 'npm ci && pm2 reload all',
    })
    expect(await readFile(join(cwd, name), 'utf8')).toBe(text)
    expect(await readdir(cwd)).toEqual([name])
    expect(hint).toContain('For your editor')
    const [first = '', ...added] = said.split('\n')
    await writeFile(join(cwd, name), insertBelow(text, Number(/:(\d+):$/.exec(first)?.[1]), added.join('\n')))
    const fresh = await mkdtemp(join(cwd, 'again-'))
    await writeFile(join(fresh, name), await readFile(join(cwd, name), 'utf8'))
    expect(await production(fresh)).toMatchObject({
      health: { url: 'http://localhost:4000/up' },
      balancer: { upstream: 'shop' },
      split: { prepare: ['npm ci'], activate: ['pm2 reload all'] },
    })
  })

  test.each([
    ['ecosystem.config.js', `module.exports = ${apps}\n`],
    ['ecosystem.json', `${apps}\n`],
    ['ecosystem.yml', 'apps: [{ name: shop }]\n'],
  ])('loads when it is pasted into %s, which has apps only', async (name, text) => {
    await writeFile(join(cwd, name), text)
    const [first = '', ...added] = ((await notes(withoutScript))[0] ?? '').split('\n')
    const line = /:(\d+), with a comma/.exec(first)?.[1]
    const fresh = await mkdtemp(join(cwd, 'again-'))
    const pasted =
      line === undefined ? `${text}${added.join('\n')}\n` : insertAtEndOf(text, Number(line), added.join('\n'))
    await writeFile(join(fresh, name), pasted)
    expect((await production(fresh)).hosts).toHaveLength(2)
  })

  test('is what else has to be mended there', async () => {
    await writeFile(join(cwd, 'ecosystem.json'), json.replace('"ref"', '"reff"').replace('/var/www/shop', 'www'))
    const said = await init({})
    expect(said).toContain('what is there has to be mended too:\necosystem.json:10:')
    expect(said).toContain('did you mean `ref`?')
  })

  test('is that nothing is missing, where nothing is', async () => {
    await init()
    expect(await init({})).toContain('needs nothing more: `zdr-deploy production plan`')
  })
})

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({
    unit: fc.constantFrom('$', ...Array.from('\'"`\\{}[]:#&*!|>%@, \n\t-~yno0.1\u2028\u00A0é')),
    maxLength: 12,
  }),
  fc.constantFrom('yes', 'null', '~', '1.5', '0x1f', '- a', 'a: b', 'a #b', '2026-11-21', '*/', '<<', 'é'),
)

test('what stands in the text is what was answered, whatever that is', () => {
  const some = fc.record({
    ...{ user: odd, repo: odd, ref: odd, path: odd, postDeploy: odd, health: odd, upstream: odd },
    hosts: fc.array(fc.record({ host: odd, server: fc.oneof(fc.constant(null), odd) }), { minLength: 2 }),
    balancers: fc.array(odd, { minLength: 1 }),
  })
  fc.assert(
    fc.property(some, odd, (answers, name) => {
      const { user, repo, ref, path, postDeploy, health, upstream, hosts, balancers } = answers
      const all = { ...answers, subdir: '', script: 'server.js', servers: [] }
      const meant = {
        ...{ user, ref, repo, path, 'post-deploy': postDeploy, health },
        host: hosts.map(({ host, server }) => (server === null ? host : { host, server })),
        balancer: { type: 'nginx', on: balancers, upstream },
      }
      const production = Object.fromEntries(Object.entries(meant).filter(([, value]) => value !== ''))
      const module = { exports: {} }
      runInThisContext(`(module) => {${ecosystemFile(all, { name, port: 3000 })}\n}`)(module)
      expect(module.exports).toMatchObject({ apps: [{ name }], deploy: { production } })
      expect(parse(yamlFile(all))).toEqual({ deploy: { production } })
    }),
  )
})

test('whatever the answers, what is written loads, or nothing is written', async () => {
  const around = (words: string) => odd.map((text) => `${words}${text}`)
  const flags = fc.record({
    repo: around('git@git.example.com:'),
    path: around('/var/www/'),
    ref: around('origin/'),
    script: around('server.js'),
    'post-deploy': around('npm ci && pm2 reload '),
    health: fc.oneof(fc.constant('none'), around('http://localhost:4000/')),
  })
  const property = fc.asyncProperty(flags, async (given) => {
    const folder = await mkdtemp(join(cwd, 'any-'))
    const error = await init({ host: 'web-1', ...given }, { folder }).then(
      () => null,
      (reason: unknown) => reason,
    )
    if (error === null) expect(await production(folder)).toMatchObject({ repo: given.repo.trim() })
    else expect([error, await readdir(folder)]).toEqual([expect.any(UserError), []])
  })
  await fc.assert(property, { numRuns: 8 })
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
