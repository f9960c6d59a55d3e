/** The sample app's repository, and the clone in which somebody works on it. */
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { replaceOnce } from '../lab/replace-once.ts'

export type Behaviour = 'good' | 'answers-500'

export interface Repository {
  /** The clone, with the ecosystem file: where the deployer works. */
  readonly clone: string
  /** Commits a release and pushes it to main. */
  push(version: string, behaviour: Behaviour): Promise<void>
}

export interface RepositoryOptions {
  /** An empty folder. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  /** The `deploy` part of the ecosystem file, but for the repository's own address. */
  readonly deploy: Readonly<Record<string, unknown>>
}

const run = promisify(execFile)
const APP = new URL('../lab/app/', import.meta.url)

export async function createRepository({ folder, env, deploy }: RepositoryOptions): Promise<Repository> {
  const [bare, clone] = [join(folder, 'shop.git'), join(folder, 'shop')]
  const git = async (...words: readonly string[]) =>
    void (await run('git', words, { cwd: clone, env: { ...env, ...GIT } }))
  await mkdir(clone, { recursive: true })
  await git('init', '--quiet', '--bare', bare)
  await git('init', '--quiet')
  await git('checkout', '--quiet', '-b', 'main')
  await git('remote', 'add', 'origin', bare)
  const files = {
    'package.json': await appFile('package.json'),
    'package-lock.json': await appFile('package-lock.json'),
    'server.js': await serverText(),
    'ecosystem.config.js': ecosystemText({ ...deploy, repo: bare }),
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(clone, name), text)
  return {
    clone,
    async push(version, behaviour) {
      await writeFile(join(clone, 'release.json'), `${JSON.stringify({ version, behaviour })}\n`)
      await git('add', '--all')
      await git('commit', '--quiet', '--message', `Release ${version}`)
      await git('push', '--quiet', 'origin', 'main')
    },
  }
}

/** Whoever runs this may have settings of their own: signing, templates, hooks. */
const GIT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Shop',
  GIT_AUTHOR_EMAIL: 'shop@example.com',
  GIT_COMMITTER_NAME: 'Shop',
  GIT_COMMITTER_EMAIL: 'shop@example.com',
}

function appFile(name: string): Promise<string> {
  return readFile(new URL(name, APP), 'utf8')
}

/** The lab's app; but three hosts with one name and one network are told apart by what their SSH door says. */
async function serverText(): Promise<string> {
  const named = replaceOnce(await appFile('server.js'), 'os.hostname()', 'process.env.SHOP_HOST')
  return replaceOnce(named, 'Number(process.env.PORT ?? 4000),', 'Number(process.env.PORT), process.env.SHOP_ADDRESS,')
}

function ecosystemText(production: Readonly<Record<string, unknown>>): string {
  return `module.exports = {
  apps: [
    {
      name: 'shop',
      script: 'server.js',
      cwd: \`\${process.env.HOME}/shop/current\`,
      exec_mode: 'cluster',
      instances: 2,
      wait_ready: true,
      listen_timeout: 10_000,
      kill_timeout: 10_000,
      env_production: { NODE_ENV: 'production' },
    },
  ],
  deploy: { production: ${JSON.stringify(production, null, 2)} },
}
`
}
