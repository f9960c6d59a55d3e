import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const jiti = fileURLToPath(new URL('node_modules/jiti/lib/jiti-cli.mjs', root))
const cli = fileURLToPath(new URL('src/cli.ts', root))

function zdr(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [jiti, cli, ...words], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

describe('the command line', () => {
  test('prints the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
    expect(zdr('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('answers a typo with 2 and a suggestion, on stderr, without a stack', () => {
    const { status, stdout, stderr } = zdr('production', 'stauts')
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('Did you mean `zdr-deploy production status`?')
    expect(stderr).not.toContain('    at ')
  })

  test('what stands behind exec is no option of ours', () => {
    const { status, stdout, stderr } = zdr('production', 'exec', 'curl', '--json', '{}')
    expect(status).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).toContain('✖')
  })

  test('with --json, even a usage error is one event on stdout, and nothing else', () => {
    const { status, stdout, stderr } = zdr('production', '--jsn', '--json')
    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ type: 'error', code: 'usage', exitCode: 2 })
    expect(stderr).toBe('')
  })
})
