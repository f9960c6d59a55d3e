/** What is played: our own version, and the commit that it stands on. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const ROOT = new URL('../../', import.meta.url)

/** `0.1.0 (1a2b3c4)`, or `0.1.0 (1a2b3c4 with changes)`; the table itself is none. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { readonly version: string }
  const changes = git('status', '--porcelain', '--', '.', ':!docs/faults.md')
  return `${version} (${git('rev-parse', '--short', 'HEAD')}${changes === '' ? '' : ' with changes'})`
}

function git(...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: fileURLToPath(ROOT), encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`)
  return stdout.trim()
}
