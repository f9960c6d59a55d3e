import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pm2Warnings, split } from '../../src/config/split.ts'
import { type Mend, pm2Calls, startInstead } from '../../src/processes/pm2-commands.ts'
import { isPinned } from '../../src/processes/pm2-mend.ts'
import type { Activation, Process } from '../../src/processes/processes.ts'
import { simpleCommands } from '../../src/processes/shell-words.ts'

describe('a call of pm2 is found', () => {
  test.each([
    ['pm2 reload ecosystem.config.js --env production', 'reload', 'ecosystem.config.js', 'production'],
    ['npx pm2 startOrRestart "my eco.config.js" --env=staging', 'startOrRestart', 'my eco.config.js', 'staging'],
    ['npx -y pm2@7 reload shop', 'reload', 'shop', null],
    ['FOO=1 ./node_modules/.bin/pm2 --silent reload all > /dev/null 2>&1', 'reload', 'all', null],
    ['pm2 --env production reload shop', 'reload', 'shop', 'production'],
    ['echo "pm2 restart no" && pm2 restart shop', 'restart', 'shop', null],
    ['if true; then pm2 start; fi', 'start', null, null],
    ['(cd x; pm2 reload a.json) || true', 'reload', 'a.json', null],
    ['pm2 start -i 2 --name shop server.js -- --port 3', 'start', 'server.js', null],
  ])('in %s', (text, verb, target, env) => {
    const calls = pm2Calls([text])
    expect(calls).toHaveLength(1)
    expect(calls[0]).toMatchObject({ verb: { value: verb }, target: target === null ? null : { value: target }, env })
  })

  test.each([
    'npm run pm2',
    'echo pm2 reload x',
    "echo 'x && pm2 reload x'",
    '# pm2 reload x',
    'pm2 save',
    'pm2 delete x',
    'pm2',
  ])('but not in %s', (text) => expect(pm2Calls([text])).toEqual([]))

  test('with the folder that a cd before it led to', () => {
    const calls = pm2Calls(['cd api', 'cd ../web && pm2 reload a.json', 'cd $HOME', 'pm2 reload b.json'])
    expect(calls.map(({ directory }) => directory)).toEqual(['web', null])
  })
})

/** The configuration warns where a call says nothing to us, and can only guess at it: it may not know this room. */
describe('the configuration knows whether the apps of a call can be read', () => {
  test.each([
    ['pm2 reload shop', true],
    ['npx pm2@7 reload shop', true],
    ['npm exec -- pm2 reload shop', true],
    ['sudo pm2 reload shop', true],
    ['pnpm dlx pm2@^7.0.1 startOrReload ecosystem.config.js', true],
    ['nohup ./node_modules/.bin/pm2 restart all', true],
    ['pm2 reload shop || pm2 start server.js', true],
    ['if pm2 ping; then time NODE_ENV=x pm2 reload shop; fi', true],
    ['sudo -u app pm2 reload shop', false],
    ["bash -lc 'pm2 reload shop'", false],
    ['pm2 ping && pm2 save', false],
    ['sudo -u app npx pm2@7 startOrReload ecosystem.config.js', false],
  ])('%s: %s', (text, isRead) => {
    const work = split({
      postDeploy: [text],
      install: undefined,
      reload: undefined,
      path: '/srv/shop',
      file: 'ecosystem.config.js',
      environment: 'production',
    })
    expect(work.manager).toBe('pm2')
    expect(pm2Warnings(work)).toHaveLength(isRead ? 0 : 1)
    expect(pm2Calls(work.activate).length > 0).toBe(isRead)
  })
})

describe('a start instead of a reload', () => {
  test('keeps the options, and takes the link for its folder', () => {
    expect(rewritten('npx pm2 reload ecosystem.config.js --env production --update-env', {})).toBe(
      '{ { npx pm2 delete shop >/dev/null 2>&1 || true; } && ' +
        'npx pm2 start ecosystem.config.js --only shop --cwd /srv/shop/current --env production --update-env; }',
    )
  })

  test('leaves everything around it as written', () => {
    expect(rewritten(`echo 'a  b' && pm2 reload shop || exit 3 # why`, {})).toBe(
      `echo 'a  b' && { { pm2 delete shop >/dev/null 2>&1 || true; } && pm2 start ecosystem.config.js --only shop --cwd /srv/shop/current; } || exit 3 # why`,
    )
  })

  test('reloads the others as the user wrote it', () => {
    expect(rewritten('pm2 reload ecosystem.config.js', { others: ['worker', 'api'] })).toMatch(
      / && pm2 reload ecosystem\.config\.js --only worker,api; }$/,
    )
  })

  test('replaces what the user chose by --only and --cwd', () => {
    expect(rewritten(`pm2 reload x.json --only 'shop' --cwd=/a --env p`, {})).toMatch(
      /pm2 start ecosystem\.config\.js --only shop --cwd \/srv\/shop\/current --env p; }$/,
    )
  })

  function rewritten(text: string, { others = [] }: { readonly others?: readonly string[] }): string | undefined {
    const starts = [{ names: ['shop'], cwd: '/srv/shop/current' }]
    const mends = pm2Calls([text]).map((call): Mend => ({ call, target: 'ecosystem.config.js', starts, others }))
    return startInstead([text], mends)[0]
  }
})

test('an app that leaves something behind is stopped before the call, by the pm2 that the user calls', () => {
  const text = 'cd api && npx pm2 reload shop --update-env || exit 3'
  const clearings = pm2Calls([text]).map((call) => ({ call, names: ['shop'], isNeeded: 'look', wait: 'wait' }))
  expect(startInstead([text], [], clearings)).toEqual([
    'cd api && { if look; then npx pm2 stop shop >/dev/null 2>&1 || true; wait; fi && npx pm2 reload shop --update-env; } || exit 3',
  ])
})

test('words are found where they stand, in any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...`ab &|;'"\\$()#<>\`\n`.split('')), maxLength: 30 }), (text) => {
      for (const { words, start, end } of simpleCommands(text)) {
        expect(words[0]?.start).toBe(start)
        expect(words.at(-1)?.end).toBe(end)
        for (const word of words) expect(text.slice(word.start, word.end)).not.toBe('')
      }
    }),
  )
})

describe('a process is pinned', () => {
  const activation: Activation = {
    directory: '/mnt/shop/releases/2',
    current: '/srv/shop/current',
    commands: [],
    env: {},
    environment: 'production',
  }
  test.each([
    ['/srv/shop/current', '/srv/shop/current/server.js', false],
    ['/mnt/shop/current/api', '/mnt/shop/current/api/server.js', false],
    ['/mnt/shop/releases/2', '/mnt/shop/releases/2/server.js', false],
    ['/srv/shop/current', '/usr/bin/npm', false],
    ['/root', '/srv/shop/current/server.js', false],
    ['/mnt/shop/releases/1', '/mnt/shop/releases/1/server.js', true],
    ['/srv/shop/current', '/mnt/shop/releases/1/server.js', true],
    ['/srv/shop/source', '/usr/bin/npm', true],
    ['/srv/elsewhere', '/srv/elsewhere/server.js', true],
    ['/srv/shop/currently', '/srv/shop/currently/server.js', true],
  ])('when started in %s with %s: %s', (cwd, script, pinned) => {
    const process: Process = {
      name: 'shop',
      pid: 1,
      status: 'online',
      cwd,
      script,
      restarts: 0,
      mode: 'cluster',
      told: { cwd, script },
    }
    expect(isPinned([process], activation)).toBe(pinned)
  })
})
