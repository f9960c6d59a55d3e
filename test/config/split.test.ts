import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixedMoves, split } from '../../src/config/split.ts'

function splitOf(
  postDeploy: string | readonly string[],
  overrides: { install?: readonly string[]; reload?: readonly string[] } = {},
) {
  return split({
    postDeploy: typeof postDeploy === 'string' ? [postDeploy] : postDeploy,
    install: overrides.install,
    reload: overrides.reload,
    path: '/var/www/shop',
    file: 'ecosystem.config.js',
    environment: 'production',
  })
}

const reload = 'pm2 reload shop'

test('installing and building is done beside the running app, the rest while the host is out', () => {
  expect(splitOf(`npm install && npm run build && ${reload} && pm2 save`)).toEqual({
    prepare: ['npm install', 'npm run build'],
    activate: [reload, 'pm2 save'],
    manager: 'pm2',
    reason: expect.stringContaining(`before \`${reload}\``),
  })
})

test.each([
  'npm ci',
  'npm i',
  'npm install --production',
  'npm install left-pad',
  'npm prune --omit=dev',
  'npm run build',
  'npm run build:prod -- --mode production',
  'npm run build --workspace api',
  'npm --prefix api run build',
  'npm -w api run compile',
  'yarn',
  'yarn --production',
  'yarn install --frozen-lockfile',
  'yarn build',
  'yarn run build',
  'yarn workspace api build',
  'yarn workspaces run build',
  'pnpm install --frozen-lockfile',
  'pnpm -r build',
  'pnpm --filter api run build',
  'pnpm i --prod',
  'bun install',
  'bun run build',
  'NODE_ENV=production npm ci',
  'npm ci > /dev/null 2>&1',
  'git submodule update --init',
])('`%s` is harmless to the running app', (command) => {
  expect(splitOf(`${command} && ${reload}`)).toMatchObject({ prepare: [command], activate: [reload] })
})

test.each([
  'npm run migrate',
  'npm start',
  'npm run start',
  'npm test',
  'npm run build-and-deploy',
  'npm run build:watch',
  'npm i -g pm2',
  'npm install --location=global x',
  'npm --prefix /srv/other install',
  'npm --prefix=../other ci',
  'yarn global add pm2',
  'yarn start',
  'yarn --cwd /srv/other install',
  'npx prisma migrate deploy',
  'cp ../.env .',
  'rm -rf dist',
  'make',
  'sudo npm install',
  './build.sh',
  '$TOOL install',
  'npm "$VERB"',
  'cd /srv/other',
  'cd',
  'cd -',
  'cd ../..',
  'cd $DIR',
  'cd "$HOME/other"',
  'export X=$(pm2 stop all)',
  'pm2 stop shop',
  'pm2 delete all',
  'yarn pm2 stop all',
  'bun server.js',
  'eval "$(x)"',
])('`%s` is not known to be, so it and all after it wait until the host is out', (command) => {
  expect(splitOf(`${command} && npm ci && ${reload}`)).toMatchObject({
    prepare: [],
    activate: [command, 'npm ci', reload],
  })
})

test.each([
  'cd api',
  'export NODE_ENV=production',
  'export SHA=$(git rev-parse HEAD)',
  'NODE_ENV=production',
  'source ~/.nvm/nvm.sh',
  '. ./env.sh',
  'nvm use',
  'nvm use 20',
  'set -e',
  'umask 022',
])('what `%s` sets up holds in both halves', (command) => {
  expect(splitOf(`${command} && npm ci && ${reload}`)).toMatchObject({
    prepare: [command, 'npm ci'],
    activate: [command, reload],
  })
})

test('a folder given by its absolute path through `current` is the new release while it is prepared', () => {
  const expected = { prepare: ['cd ./api', 'npm ci'], activate: ['cd ./api', reload] }
  for (const folder of ['/var/www/shop/current/api', '/var/www/shop/source/api/', '"/var/www/shop/current/api"']) {
    expect(splitOf(`cd ${folder} && npm ci && ${reload}`)).toMatchObject(expected)
  }
  expect(splitOf(`cd api && cd /var/www/shop/current && npm ci && ${reload}`).prepare).toEqual([
    'cd api',
    'cd ./..',
    'npm ci',
  ])
})

test('folders are followed: up and down inside the release is harmless, out of it is not', () => {
  expect(splitOf(`cd web && npm ci && cd ../api && npm ci && cd .. && ${reload}`)).toMatchObject({
    prepare: ['cd web', 'npm ci', 'cd ../api', 'npm ci'],
    activate: ['cd web', 'cd ../api', 'cd ..', reload],
  })
  expect(splitOf(`cd web && cd ../.. && npm ci && ${reload}`).prepare).toEqual([])
})

describe('git', () => {
  test.each(['git pull', 'git fetch --all', 'git reset --hard origin/main', 'git checkout main', 'git -c a.b=c stash'])(
    '`%s` is left out, and that is said',
    (command) => {
      const { prepare, activate, reason } = splitOf(`${command} && npm ci && ${reload}`)
      expect({ prepare, activate }).toEqual({ prepare: ['npm ci'], activate: [reload] })
      expect(reason).toContain(`\`${command}\` is left out`)
    },
  )
  test('another repository is none of our business', () => {
    const elsewhere = ['git -C /srv/other pull', reload]
    expect(splitOf(elsewhere).activate).toEqual(elsewhere)
    expect(splitOf(`cd /srv/other && git pull && ${reload}`).activate).toContain('git pull')
  })
  test('what cannot be taken out of its surroundings is found', () => {
    expect(fixedMoves('git pull; npm install; pm2 restart x')).toEqual(['git pull'])
    expect(fixedMoves('if true; then git reset --hard origin/main; fi')).toHaveLength(1)
    expect(fixedMoves('git fetch; npm install')).toEqual([])
    expect(fixedMoves('git pull && npm install')).toEqual([])
  })
})

test.each([
  'npm ci; pm2 reload shop',
  'npm ci || exit 1 && pm2 reload shop',
  '(npm ci && pm2 reload shop)',
  'npm ci & pm2 reload shop',
  'npm ci | tee log && pm2 reload shop',
  'if npm ci; then pm2 reload shop; fi',
  'npm ci && pm2 reload shop || pm2 start x',
])('`%s` is no plain chain: it stays whole, for when the host is out', (text) => {
  const { prepare, activate, manager, reason } = splitOf(text)
  expect({ prepare, activate, manager }).toEqual({ prepare: [], activate: [text], manager: 'pm2' })
  expect(reason).toMatch(/it has `/)
})

test('what stands before such a text in a list is still prepared', () => {
  expect(splitOf(['npm ci', 'pm2 reload x || pm2 start x'])).toMatchObject({
    prepare: ['npm ci'],
    activate: ['pm2 reload x || pm2 start x'],
  })
})

test.each([
  'sudo -u app pm2 reload x',
  'npx --yes pm2@latest reload x',
  './node_modules/.bin/pm2 reload x',
  'NODE_ENV=x pm2 reload x',
  'bash -lc "pm2 reload x"',
  'yarn pm2 reload x',
  'npm exec pm2 -- reload x',
  'pm2 describe x || pm2 start x',
])('`%s` is recognised as pm2', (command) => {
  expect(splitOf(['npm ci', command])).toMatchObject({ manager: 'pm2', prepare: ['npm ci'], activate: [command] })
})

test.each([
  'npm install',
  'npm ci && ./restart.sh',
  'npm ci && sudo systemctl restart shop',
  'npm ci && echo pm2 is not used',
  'npm install pm2',
])('`%s` calls no process manager, so all of it waits until the host is out', (text) => {
  const { prepare, activate, manager, reason } = splitOf(text)
  expect({ prepare, activate, manager }).toEqual({ prepare: [], activate: text.split(' && '), manager: 'command' })
  expect(reason).toContain('no pm2 command')
})

test('without a post-deploy, pm2 starts the ecosystem file, as pm2 deploy does', () => {
  expect(splitOf([])).toMatchObject({
    prepare: [],
    activate: ['pm2 startOrRestart ecosystem.config.js --env production'],
    manager: 'pm2',
  })
})

test('`install` and `reload` override what is read out of the chain', () => {
  expect(splitOf(`npm ci && ${reload}`, { install: ['make deps'] })).toMatchObject({
    prepare: ['make deps'],
    activate: [reload],
  })
  expect(splitOf('npm ci && ./restart', { reload: ['systemctl restart shop'] })).toMatchObject({
    prepare: ['npm ci'],
    activate: ['systemctl restart shop'],
    manager: 'command',
    reason: expect.stringContaining('in place of `./restart`'),
  })
  expect(splitOf([], { install: ['npm ci'], reload: [reload] })).toMatchObject({
    prepare: ['npm ci'],
    activate: [reload],
    manager: 'pm2',
  })
  expect(splitOf('npm ci && ./restart', { install: ['npm ci'] })).toMatchObject({
    prepare: ['npm ci'],
    activate: ['npm ci', './restart'],
  })
})

const harmless = fc.constantFrom('npm ci', 'npm run build', 'yarn build', 'pnpm install')
const state = fc.constantFrom('cd api', 'export A=b', 'set -e', 'nvm use')
const other = fc.constantFrom('pm2 reload x', 'pm2 save', './migrate.sh', 'cp a b', 'npm start')
const chains = fc.array(fc.oneof(harmless, state, other), { minLength: 1, maxLength: 8 })
const separators = fc.constantFrom(' && ', '\n', ' &&\n')

test('nothing is lost, doubled or moved, whatever the chain', () => {
  fc.assert(
    fc.property(chains, separators, (commands, separator) => {
      const { prepare, activate } = splitOf(commands.join(separator))
      const isState = (command: string) => /^(cd|export|set|nvm) /.test(command)
      const withoutState = (list: readonly string[]) => list.filter((command) => !isState(command))
      expect([...withoutState(prepare), ...withoutState(activate)]).toEqual(withoutState(commands))
      expect(activate.filter(isState)).toEqual(commands.filter(isState))
      expect(commands.slice(0, prepare.length)).toEqual(prepare)
    }),
  )
})

test('what is not known to be harmless is never prepared, nor anything behind it', () => {
  fc.assert(
    fc.property(fc.array(harmless), other, fc.array(fc.oneof(harmless, other)), (before, first, after) => {
      const { prepare, activate } = splitOf([...before, first, ...after, 'pm2 save'])
      expect(prepare).toEqual(before)
      expect(activate).toEqual([first, ...after, 'pm2 save'])
    }),
  )
})

test('a list is split like the chain of its entries', () => {
  fc.assert(
    fc.property(chains, (commands) => {
      expect(splitOf(commands)).toEqual(splitOf(commands.join(' && ')))
    }),
  )
})

test('no text makes it throw', () => {
  const soup = fc.string({
    unit: fc.constantFrom('npm ci', 'pm2 x', 'cd ..', 'git pull', ' ', '&&', ';', '"', "'", '$(', ')', '\n', '#', '>'),
  })
  fc.assert(
    fc.property(soup, (text) => {
      expect(splitOf(text).reason).not.toBe('')
    }),
  )
})
