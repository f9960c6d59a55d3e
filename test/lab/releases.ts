import { readFileSync } from 'node:fs'
import { replaceOnce } from './replace-once.ts'

/** What a release of the sample app does. */
export type Behaviour =
  | 'good'
  | 'throws-at-boot'
  | 'never-listens'
  | 'answers-500'
  | 'dies-after-2s'
  /** Only its health check says so: its users notice nothing yet. */
  | 'ill-after-6s'
  | 'does-not-install'
  | 'slow-boot'
  | 'ignores-sigint'
  | 'never-says-ready'
  /** When it has ended, nobody else can have its port for 5 s. Not in cluster mode. */
  | 'leaks-its-port'

interface Release {
  readonly behaviour: Behaviour
  /** The only host on which it behaves so. */
  readonly on?: 'web-2'
  /** The release that it was committed on. */
  readonly after?: string
  /** What stands for pm2's `cwd`: `current` by its path; nothing; or __dirname. With the last two pm2 serves stale code. */
  readonly cwd?: 'current' | 'absent' | 'dirname'
  readonly mode?: 'cluster' | 'fork'
}

/** The releases of the sample app, each a tag on a commit of its own, oldest first. */
export const RELEASES = {
  v1: { behaviour: 'good' },
  v2: { behaviour: 'good', after: 'v1' },
  v3: { behaviour: 'good', after: 'v2' },
  'throws-at-boot': { behaviour: 'throws-at-boot', after: 'v1' },
  'never-listens': { behaviour: 'never-listens', after: 'v1' },
  'answers-500': { behaviour: 'answers-500', after: 'v1' },
  'dies-after-2s': { behaviour: 'dies-after-2s', after: 'v1' },
  'ill-after-6s': { behaviour: 'ill-after-6s', after: 'v1' },
  'answers-500-on-web-2': { behaviour: 'answers-500', after: 'v1', on: 'web-2' },
  'does-not-install': { behaviour: 'does-not-install', after: 'v1' },
  'slow-boot': { behaviour: 'slow-boot', after: 'v1' },
  'ignores-sigint': { behaviour: 'ignores-sigint', after: 'v1' },
  'stale-no-cwd-1': { behaviour: 'good', after: 'v1', cwd: 'absent' },
  'stale-no-cwd-2': { behaviour: 'good', after: 'stale-no-cwd-1', cwd: 'absent' },
  'stale-dirname-1': { behaviour: 'good', after: 'v1', cwd: 'dirname' },
  'stale-dirname-2': { behaviour: 'good', after: 'stale-dirname-1', cwd: 'dirname' },
  'fork-1': { behaviour: 'good', after: 'v1', mode: 'fork' },
  'fork-2': { behaviour: 'good', after: 'fork-1', mode: 'fork' },
  'never-says-ready': { behaviour: 'never-says-ready', after: 'v1' },
} as const satisfies Record<string, Release>

export type ReleaseName = keyof typeof RELEASES

/** All releases as a stream for `git fast-import`, with `main` at v1. */
export function releaseStream(): string {
  const commits = Object.entries<Release>(RELEASES).map(([name, release], index) => commit(name, release, index))
  return `${commits.join('')}reset refs/heads/main\nfrom refs/tags/v1\n\n`
}

/** Any fixed moment: the same commits in every lab. */
const FIRST_COMMIT_AT_SECONDS = 1_750_000_000

function commit(name: string, release: Release, index: number): string {
  const files = Object.entries(filesOf(name, release)).map(([path, text]) => `M 100644 inline ${path}\n${data(text)}`)
  return [
    `commit refs/tags/${name}\n`,
    `committer Shop <shop@example.com> ${FIRST_COMMIT_AT_SECONDS + index * 60} +0000\n`,
    data(`Release ${name}`),
    release.after === undefined ? '' : `from refs/tags/${release.after}\n`,
    ...files,
    '\n',
  ].join('')
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}

/** Path → text. */
export function filesOf(version: string, release: Release): Record<string, string> {
  const { behaviour, on, cwd = 'current', mode = 'cluster' } = release
  const ecosystem = withMode(withFolder(appFile('ecosystem.config.js'), cwd), mode)
  return {
    'ecosystem.config.js': ecosystem,
    'package-lock.json': appFile('package-lock.json'),
    'package.json': withInstall(appFile('package.json'), behaviour),
    'release.json': `${JSON.stringify({ version, behaviour, on })}\n`,
    'server.js': appFile('server.js'),
  }
}

function appFile(name: string): string {
  return readFileSync(new URL(`app/${name}`, import.meta.url), 'utf8')
}

function withFolder(ecosystem: string, cwd: 'current' | 'absent' | 'dirname'): string {
  const line = "cwd: '/var/www/shop/current',"
  switch (cwd) {
    case 'current':
      return ecosystem
    case 'absent':
      return replaceOnce(ecosystem, line, '')
    case 'dirname':
      return replaceOnce(ecosystem, line, 'cwd: __dirname,')
  }
}

function withInstall(packageFile: string, behaviour: Behaviour): string {
  if (behaviour !== 'does-not-install') return packageFile
  return replaceOnce(packageFile, '"private": true', '"private": true,\n  "scripts": { "install": "exit 1" }')
}

function withMode(ecosystem: string, mode: 'cluster' | 'fork'): string {
  if (mode === 'cluster') return ecosystem
  return replaceOnce(replaceOnce(ecosystem, "'cluster'", "'fork'"), 'instances: 2', 'instances: 1')
}
