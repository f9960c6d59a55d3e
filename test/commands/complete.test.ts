import { expect, test, vi } from 'vitest'
import { complete } from '../../src/commands/complete.ts'
import { initFlags } from '../../src/commands/init/flags.ts'
import { deployYml, folderWith } from '../config/temporary.ts'

async function words(line: string, cwd: string): Promise<readonly string[]> {
  return (await complete(line.split(' '), cwd)).map((found) => found.split('\t')[0] ?? '')
}

test.each([
  ['', ['production', 'init', 'help', 'completion']],
  ['x', []],
  ['production r', ['ref', 'resume', 'revert', 'rollback', 'run']],
  ['production exec ls --', []],
  ['production status -', ['--config', '--json', '--verbose', '--no-color', '--version', '--help']],
  ['production status --json --', ['--config', '--verbose', '--no-color', '--version', '--help']],
  ['init --y', ['--yaml']],
  ['init --host web-1 --h', ['--health', '--help']],
  [
    'init --yaml ',
    [...initFlags.map((flag) => `--${flag}`), '--json', '--verbose', '--no-color', '--version', '--help'],
  ],
  ['production --m', ['--migrate']],
  ['production --migrate ', ['again', 'done']],
  ['production --migrate=d', ['--migrate=done']],
  ['production --pause-after ', ['canary']],
  ['production --skip ', ['10.0.0.11', '10.0.0.12', '10.0.0.13']],
  ['production --skip 10.0.0.11,10.0.0.12,', ['10.0.0.11,10.0.0.12,10.0.0.13']],
  ['production setup --hosts 10.0.0.11,', ['10.0.0.11,10.0.0.12', '10.0.0.11,10.0.0.13']],
  ['production --skip 10.0.0.11 --skip=', ['--skip=10.0.0.12', '--skip=10.0.0.13']],
  ['--skip 10.0.0.11 production st', ['status']],
  ['production --config ', []],
  ['production ref ', []],
  ['help rollb', ['rollback']],
  ['help config keep', ['keep-releases']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['--config nowhere.yml ', ['init', 'help', 'completion']],
])('%s', async (line, expected) => {
  const found = await words(line, await deployYml({}))
  expect([...found].sort()).toEqual([...expected].sort())
})

test('each word says what it means', async () => {
  expect(await complete(['production', 'unl'], '/')).toEqual([expect.stringMatching(/^unlock\t.*lock/)])
})

test('a configuration that is wrong, or takes too long, leaves what needs none', async () => {
  vi.useFakeTimers()
  try {
    const slow = await folderWith({
      'ecosystem.config.mjs': 'await new Promise((resolve) => setTimeout(resolve, 1e9))',
    })
    const asked = words('', slow)
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(await asked).toEqual(['init', 'help', 'completion'])
  } finally {
    vi.useRealTimers()
  }
  const wrong = await folderWith({ 'deploy.yml': 'deploy: [' })
  expect(await words('', wrong)).toEqual(['init', 'help', 'completion'])
  expect(await words('production st', wrong)).toEqual(['status'])
})

test('what bash would read as something else is not offered', async () => {
  const folder = await folderWith({ 'deploy.yml': 'deploy: { production: {}, "a;b": {}, "$(x)": {}, "c d": {} }' })
  expect(await words('', folder)).toEqual(['production', 'init', 'help', 'completion'])
})
