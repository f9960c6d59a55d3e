import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { UserError } from '../../src/errors.ts'

/** A folder with these files, gone when the test is over. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'zdr-config-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** The UserError that a promise rejects with; fails where it resolves, or rejects with anything else. */
export async function refusal(promise: Promise<unknown>): Promise<UserError> {
  const error = await promise.then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  )
  if (error instanceof UserError) return error
  throw error
}

/** A block that is right, as YAML, with these lines in it instead of or besides its own. */
export async function deployYml(lines: Readonly<Record<string, string>>): Promise<string> {
  const own = {
    user: 'deploy',
    host: '[10.0.0.11, 10.0.0.12, 10.0.0.13]',
    ref: 'origin/main',
    repo: 'git@git.example.com:shop.git',
    path: '/var/www/shop',
    'post-deploy': 'npm ci && pm2 reload shop',
    ...lines,
  }
  const block = Object.entries(own).map(([key, value]) => `    ${key}: ${value}\n`)
  return folderWith({ 'deploy.yml': `deploy:\n  production:\n${block.join('')}` })
}
