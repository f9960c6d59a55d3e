import { describe, expect, test } from 'vitest'
import { parseArguments } from '../../src/commands/arguments.ts'
import { verbs } from '../../src/commands/verbs.ts'
import { UserError } from '../../src/errors.ts'

const parse = (line: string) => parseArguments(line.split(' ').filter((word) => word !== ''))

async function refusal(line: string): Promise<string> {
  const error: unknown = await parse(line).catch((thrown: unknown) => thrown)
  if (!(error instanceof UserError)) throw new Error(`\`${line}\` was understood: ${JSON.stringify(error)}`)
  expect(error.code).toBe('usage')
  return `${error.message} ${error.hint ?? ''}`
}

const of = { environment: 'production', configFile: null }
const configured = { kind: 'ref', ref: null }
const previous = { kind: 'release', release: 1 }
const wishes = {
  allowDowntime: false,
  fresh: false,
  skip: [],
  allowSkipped: false,
  pauseAfter: null,
  migrate: null,
  waitMs: 0,
}
const deploy = { ...of, verb: 'deploy', goal: configured, ...wishes }
const plan = { ...deploy, verb: 'plan' }

describe('what is understood', () => {
  test.each([
    ['production', deploy],
    ['production deploy', deploy],
    ['production update', deploy],
    ['production update --ref v1.2', { ...deploy, goal: { kind: 'ref', ref: 'v1.2' } }],
    ['production ref v1.2', { ...deploy, goal: { kind: 'ref', ref: 'v1.2' } }],
    ['production ref v1.2 --dry-run', { ...plan, goal: { kind: 'ref', ref: 'v1.2' } }],
    ['production --allow-downtime', { ...deploy, allowDowntime: true }],
    ['production --fresh', { ...deploy, fresh: true }],
    ['production --ref v1.2', { ...deploy, goal: { kind: 'ref', ref: 'v1.2' } }],
    ['--ref v1.2 production', { ...deploy, goal: { kind: 'ref', ref: 'v1.2' } }],
    ['production --rollback', { ...deploy, goal: previous }],
    [
      'production --rollback 20261121031500-5d6e7f8',
      { ...deploy, goal: { kind: 'release', release: '20261121031500-5d6e7f8' } },
    ],
    ['production rollback', { ...deploy, goal: previous }],
    [
      'production rollback 20261121031500-5d6e7f8',
      { ...deploy, goal: { kind: 'release', release: '20261121031500-5d6e7f8' } },
    ],
    ['production --config shop.yml', { ...deploy, configFile: 'shop.yml' }],
    ['production --json --verbose --no-color', deploy],
    ['production plan', plan],
    ['production --dry-run', plan],
    ['production plan --dry-run', plan],
    ['production --rollback --dry-run', { ...plan, goal: previous }],
    ['production rollback --dry-run', { ...plan, goal: previous }],
    ['production --skip web-3', { ...deploy, skip: ['web-3'] }],
    ['production --skip web-2,web-3 --skip 10.0.0.4 --skip web-2', { ...deploy, skip: ['web-2', 'web-3', '10.0.0.4'] }],
    ['production --skip web-3 --allow-skipped', { ...deploy, skip: ['web-3'], allowSkipped: true }],
    ['production plan --skip web-3', { ...plan, skip: ['web-3'] }],
    ['production --rollback --skip web-3', { ...deploy, goal: previous, skip: ['web-3'] }],
    ['production --pause-after canary', { ...deploy, pauseAfter: 'canary' }],
    ['production --migrate again', { ...deploy, migrate: 'again' }],
    ['production plan --migrate done', { ...plan, migrate: 'done' }],
    ['production resume', { ...deploy, verb: 'resume' }],
    [
      'production resume --skip web-3 --migrate again',
      { ...deploy, verb: 'resume', skip: ['web-3'], migrate: 'again' },
    ],
    ['production abort --config shop.yml', { ...deploy, verb: 'abort', configFile: 'shop.yml' }],
    ['production abort --allow-downtime', { ...deploy, verb: 'abort', allowDowntime: true }],
    ['production revert', { ...deploy, goal: previous }],
    ['production revert 3', { ...deploy, goal: { kind: 'release', release: 3 } }],
    ['production revert 3 --dry-run', { ...plan, goal: { kind: 'release', release: 3 } }],
    ['production current', { ...of, verb: 'current' }],
    ['production curr --json', { ...of, verb: 'current' }],
    ['production previous', { ...of, verb: 'previous' }],
    ['production prev', { ...of, verb: 'previous' }],
    ['production list', { ...of, verb: 'list' }],
    ['production exec ls -la --json', { ...of, verb: 'exec', command: 'ls -la --json' }],
    ['--config shop.yml production run -- ls', { ...of, configFile: 'shop.yml', verb: 'exec', command: 'ls' }],
    ['production exec run exec -h', { ...of, verb: 'exec', command: 'run exec -h' }],
    ['production --ref run', { ...deploy, goal: { kind: 'ref', ref: 'run' } }],
    ['production setup', { ...of, verb: 'setup', ref: null, hosts: [], undo: false }],
    [
      'production setup --hosts web-4,web-5 --hosts web-6 --ref v2',
      { ...of, verb: 'setup', ref: 'v2', hosts: ['web-4', 'web-5', 'web-6'], undo: false },
    ],
    ['production setup --undo', { ...of, verb: 'setup', ref: null, hosts: [], undo: true }],
    ['production doctor', { ...of, verb: 'doctor' }],
    ['production status --json', { ...of, verb: 'status' }],
    ['production setup --force', { ...of, verb: 'setup', ref: null, hosts: [], undo: false, force: true }],
    ['production unlock', { ...of, verb: 'unlock', force: false }],
    ['production unlock --force', { ...of, verb: 'unlock', force: true }],
    ['production --wait 10m', { ...deploy, waitMs: 600_000 }],
    ['production rollback --wait 30s', { ...deploy, goal: previous, waitMs: 30_000 }],
    ['init', { verb: 'init', yaml: false, flags: {} }],
    ['init --yaml', { verb: 'init', yaml: true, flags: {} }],
    ['init --host a,b --host c --ref main', { verb: 'init', yaml: false, flags: { host: 'a,b c', ref: 'main' } }],
    [
      'init --post-deploy x --health none',
      { verb: 'init', yaml: false, flags: { 'post-deploy': 'x', health: 'none' } },
    ],
    ['production --version', { verb: 'version' }],
  ])('%s', async (line, expected) => {
    expect(await parse(line)).toEqual(expected)
  })

  test('help tells every option, with examples', async () => {
    const invocation = await parse('production --help')
    if (invocation.verb !== 'help') throw new Error(invocation.verb)
    for (const option of [
      '--ref',
      '--rollback',
      '--dry-run',
      '--config',
      '--json',
      '--allow-downtime',
      '--skip',
      '--pause-after',
    ]) {
      expect(invocation.text).toContain(option)
    }
    expect(invocation.text).toContain('zdr-deploy production --rollback')
    for (const { summary } of verbs) expect(invocation.text).toContain(summary)
  })
})

describe('the command of exec', () => {
  const command = async (...words: readonly string[]) => {
    const invocation = await parseArguments(['production', 'exec', ...words])
    return invocation.verb === 'exec' ? invocation.command : invocation
  }

  test('is a text for a shell where it is one word', async () => {
    expect(await command('cd api && ls *.js | wc -l')).toBe('cd api && ls *.js | wc -l')
  })
  test('arrives word by word, as typed, where it is several', async () => {
    expect(await command('node', '-e', "console.log('$HOME')")).toBe(`node -e 'console.log('\\''$HOME'\\'')'`)
  })
  test.each([[''], ['  '], ['', 'ls']])('is refused where its first word is empty: %j', async (...words) => {
    await expect(command(...words)).rejects.toMatchObject({ code: 'usage', message: 'The command is empty.' })
  })
})

test('the empty word of an unset variable deploys nothing', async () => {
  for (const words of [
    ['production', ''],
    ['production', 'ref', ''],
    ['production', 'rollback', ''],
    ['', 'deploy'],
  ])
    await expect(parseArguments(words)).rejects.toMatchObject({ code: 'usage', message: 'One of the words is empty.' })
})

describe('a typo never deploys', () => {
  test.each([
    ['production stauts', '`zdr-deploy production status`'],
    ['production depoly', '`zdr-deploy production`'],
    ['production xyzzy', 'deploy, update, ref, rollback, revert, plan, doctor, status'],
    ['production revrt', '`zdr-deploy production revert`'],
    ['production exce ls', '`zdr-deploy production exec`'],
    ['production updat', '`zdr-deploy production update`'],
    ['production --rolback', '--rollback'],
    ['production --dryrun', '--dry-run'],
    ['production -x', '`-x`'],
    ['production resum', '`zdr-deploy production resume`'],
    ['production abrot', '`zdr-deploy production abort`'],
    ['production --pause-after cannary', '`--pause-after canary`'],
    ['production --pause-after web-1', 'takes `canary`, not `web-1`'],
    ['production --migrate agian', '`--migrate again`'],
    ['production --migrate yes', 'takes `again` or `done`, not `yes`'],
    ['production --migrate', '--migrate'],
  ])('%s → %s', async (line, hint) => {
    expect(await refusal(line)).toContain(hint)
  })
})

describe('what is refused', () => {
  test.each([
    ['', '`zdr-deploy production`'],
    ['setup production', '`zdr-deploy production setup`'],
    ['deploy production', '`zdr-deploy production`'],
    ['status', '`zdr-deploy production status`'],
    ['ecosystem.config.js production', '--config ecosystem.config.js'],
    ['production revert 0', 'from 1, not `0`'],
    ['production revert v1.2', '`zdr-deploy production rollback <release>`'],
    ['production revert 1 2', 'Too many'],
    ['production revert --ref main', '--ref does not go with `revert`'],
    ['production current web-1', 'Too many'],
    ['production list --skip web-1', '--skip does not go with `list`'],
    ['prev production', '`zdr-deploy production prev`'],
    ['production exec', 'Which command?'],
    ['production exec --', 'Which command?'],
    ['production exec --json ls', 'stand before `exec`'],
    ['production run --help', 'stand before `run`'],
    ['production --skip web-1 exec ls', '--skip does not go with `exec`'],
    ['production --jsno exec ls', '--json'],
    ['exec production ls', '`zdr-deploy production exec`'],
    ['production update now', 'Too many'],
    ['production ref', 'Which ref?'],
    ['production ref a b', 'Too many'],
    ['production ref v1 --ref v2', '--ref does not go with `ref`'],
    ['update production', '`zdr-deploy production update`'],
    ['--rollback production', '`zdr-deploy production --rollback`'],
    ['production --rollback plan', 'before --rollback'],
    ['production --rollback --ref main', 'exclude each other'],
    ['production rollback a b', 'Too many'],
    ['production plan now', 'Too many'],
    ['production --ref', '--ref'],
    ['production --ref=', 'empty'],
    ['production --config=', 'empty'],
    ['production --rollback=', 'empty'],
    ['production --skip=', 'empty'],
    ['production --skip ,', 'empty'],
    ['production --migrate=', 'empty'],
    ['production --pause-after=', 'empty'],
    ['production --rollback --migrate again', 'does not go with a rollback'],
    ['production rollback --migrate done', 'does not go with `rollback`'],
    ['resume', '`zdr-deploy production resume`'],
    ['abort production', '`zdr-deploy production abort`'],
    ['production continue', '`zdr-deploy production resume`'],
    ['production resume web-1', 'Too many'],
    ['production resume --ref main', '--ref'],
    ['production abort --dry-run', '--dry-run'],
    ['production status --skip web-1', '--skip'],
    ['production setup --allow-skipped', '--allow-skipped'],
    ['production resume --pause-after canary', '--pause-after'],
    ['production abort --migrate done', '--migrate'],
    ['production setup --dry-run', '--dry-run'],
    ['production --undo', '--undo'],
    ['production plan --hosts web-4', '--hosts'],
    ['production setup --undo --hosts web-4', '--undo and --hosts exclude each other'],
    ['production setup --undo --ref v2', '--undo and --ref exclude each other'],
    ['production status --rollback', '--rollback'],
    ['production --yaml', 'goes with `init` only'],
    ['production rollback --force', '--force does not go with `rollback`'],
    ['production resume --force', '--force does not go with `resume`'],
    ['production unlock --skip web-1', 'does not go with'],
    ['production plan --wait 10m', 'plan'],
    ['production rollback --dry-run --wait 10m', 'plan'],
    ['production status --wait 10m', 'does not go with'],
    ['production --wait 10', 'needs a unit'],
    ['production --wait soon', 'must be a duration'],
    ['init production', 'production'],
    ['init --rollback', '--rollback'],
    ['production --host web-1', 'goes with `init` only'],
    ['init --host= ', 'empty value'],
    ['init --force', '--force'],
  ])('%s → %s', async (line, part) => {
    expect(await refusal(line)).toContain(part)
  })
})
