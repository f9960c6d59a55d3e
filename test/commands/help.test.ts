import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/commands/arguments.ts'
import { verbs } from '../../src/commands/verbs.ts'
import { everyKey } from '../../src/config/keys/every.ts'
import { UserError } from '../../src/errors.ts'

async function text(line: string): Promise<string> {
  const invocation = await parseArguments(line.split(' '))
  if (invocation.verb !== 'help') throw new Error(invocation.verb)
  return invocation.text
}

async function refusal(line: string): Promise<string> {
  const error: unknown = await text(line).catch((thrown: unknown) => thrown)
  if (!(error instanceof UserError)) throw new Error(`\`${line}\` was understood`)
  return `${error.message} ${error.hint ?? ''}`
}

describe('help on a command', () => {
  test.each(verbs)('$name: options, exit codes, and examples that can be typed', async ({ name, options }) => {
    const page = await text(`help ${name}`)
    for (const option of options) expect(page).toContain(`  --${option}`)
    for (const heading of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'EXIT CODES', 'EXAMPLES']) expect(page).toContain(heading)
    const examples = page.split('EXAMPLES\n')[1]?.matchAll(/zdr-deploy ([^|)"]*?)(?:\)|"| \|| {2}|$)/gm) ?? []
    for (const [, words = ''] of examples) await parseArguments(words.trim().split(' '))
  })

  test('is what --help says behind it, too; an alias leads there', async () => {
    expect(await text('production status --help')).toBe(await text('help status'))
    expect(await text('init --help')).toBe(await text('help init'))
    expect(await text('help update')).toBe(await text('help deploy'))
    expect(await text('help')).toBe(await text('production --help'))
    expect(await text('help')).toBe(await text('--help'))
  })

  test('fits a terminal', async () => {
    for (const { name } of verbs)
      for (const line of (await text(`help ${name}`)).split('\n')) expect(line.length).toBeLessThanOrEqual(110)
  })

  test.each([
    ['help rolback', '`zdr-deploy help rollback`'],
    ['help confg', '`zdr-deploy help config`'],
    ['help batch', '`zdr-deploy help config rollout.batch`'],
    ['help xyzzy', '`zdr-deploy help`'],
    ['help plan now', 'Too many'],
    ['help --ref main', '--ref does not go with `help`'],
    ['help config rollout.bach', '`zdr-deploy help config rollout.batch`'],
    ['help config kep-release', '`zdr-deploy help config keep-releases`'],
    ['help config xyzzy', '`zdr-deploy help config`'],
    ['completion', 'For which shell?'],
    ['completion zhs', '`zdr-deploy completion zsh`'],
    ['completion bash now', 'bash, zsh, fish'],
  ])('%s → %s', async (line, part) => {
    expect(await refusal(line)).toContain(part)
  })
})

describe('help on the configuration', () => {
  test('lists every key', async () => {
    const page = await text('help config')
    for (const { name } of everyKey) expect(page).toContain(`  ${name} `)
  })

  test('tells all about one: by its name, its end, or its place in a message', async () => {
    const page = await text('help config rollout.batch')
    expect(page).toBe(await text('help config batch'))
    expect(page).toBe(await text('help config deploy.production.rollout.batch[0]'))
    expect(page).toContain("batch: [1, '25%']")
    expect(page).toContain('Default: `1`')
    expect(page).toContain('rollout.batch.pause')
  })
})

test('of `init` says what --ref means there', async () => {
  const help = await parseArguments(['help', 'init'])
  expect(help.verb === 'help' && help.text).toMatch(/--ref <ref> +the branch that is deployed/)
})
