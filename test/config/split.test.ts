import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fixedIn, movesIn } from '../../src/config/hooks.ts'
import { split } from '../../src/config/split.ts'

const base = '/var/www/shop'

function splitOf(
  postDeploy: string | readonly string[],
  overrides: { install?: readonly string[]; reload?: readonly string[] } = {},
) {
  return split({
    postDeploy: typeof postDeploy === 'string' ? [postDeploy] : postDeploy,
    install: overrides.install,
    reload: overrides.reload,
    path: base,
    file: 'ecosystem.config.js',
    environment: 'production',
  })
}

const reload = 'pm2 reload shop'

test('installing and building is done beside the running app, the rest while the host is out', () => {
  expect(splitOf(`npm install && npm run build && ${reload} && pm2 save`)).toEqual({
    prepare: ['npm install', 'npm run build'],
    byLockfile: false,
    activate: [reload, 'pm2 save'],
    manager: 'pm2',
    reason: expect.stringContaining(`before \`${reload}\``),
  })
})

describe('what the lockfile names is installed', () => {
  test.each([
    reload,
    `npm run build && ${reload}`,
    `cd api && export A=1 && git pull && ${reload} && pm2 save`,
    `${reload} || pm2 start ecosystem.config.js`,
    '',
  ])('first, where no command could: `%s`', (text) => {
    const { byLockfile, reason } = splitOf(text === '' ? [] : text)
    expect(byLockfile).toBe(true)
    expect(reason).toContain('what the lockfile names is installed before them')
  })

  test.each([
    `npm ci && ${reload}`,
    `yarn && ${reload}`,
    `npm ci --prefix api; ${reload}`,
    `bash -lc 'npm i && ${reload}'`,
    './scripts/deploy.sh production',
    `make && ${reload}`,
  ])('by nobody else, where one of them may: `%s`', (text) => {
    expect(splitOf(text).byLockfile).toBe(false)
  })

  test('not where `install` is written, which may be empty; `reload` is no place for it', () => {
    expect(splitOf(reload, { install: [] }).byLockfile).toBe(false)
    expect(splitOf([], { reload: ['systemctl restart shop'] }).byLockfile).toBe(true)
    expect(splitOf([], { reload: [`npm ci && ${reload}`] }).byLockfile).toBe(false)
  })
})

test('an install that is written as a chain is one of its commands; what is no plain chain stays whole', () => {
  const written = ['export A=1 && npm ci && npm run build', 'npm ci; true', 'npm ci\nnpm run build']
  expect(splitOf(reload, { install: written }).prepare).toEqual([
    'export A=1',
    'npm ci',
    'npm run build',
    'npm ci; true',
    'npm ci\nnpm run build',
  ])
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
  'npm run build > build.log 2>&1 < /dev/null',
  'git log -1 > "public/version.txt"',
  'git submodule update --init',
  'git lfs pull',
  'git log -1 --oneline',
  'git -c color.ui=never rev-parse HEAD',
  'git --version',
  'node -v',
  'echo "installing…"',
  'echo "at $(date)"',
  'pwd',
  'test -f package.json',
  '[ -s package.json ]',
  'mkdir -p logs tmp/cache',
  '/usr/local/bin/npm ci',
  '~/.nvm/versions/node/v20.1.0/bin/npm ci',
  'npm --prefix api --cache /tmp/npm ci',
  'PATH=/opt/node/bin:$PATH npm ci',
  'npm run build:server',
  'rm -rf node_modules api/node_modules package-lock.json',
  'next build',
  'npx next build',
  'npx --yes tsc -p .',
  './node_modules/.bin/vite build --outDir dist',
  'yarn nest build',
  'pnpm exec prisma generate',
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
  'npm i -gf pm2',
  'npm i -fg pm2',
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
  'export TAG=$(./bump.sh)',
  'export TAG=`make tag`',
  'TAG="v$(npm version patch)"',
  'export AT=$(date +%s)',
  'export X=$(git tag v1)',
  'export X=$(git log -1 --output=/srv/x)',
  'export X=$(echo $(./bump.sh))',
  'export X="$TAG$(./bump.sh)"',
  'export X=$((./bump.sh) && (./bump.sh))',
  'export X=$(cat VERSION; ./bump.sh)',
  'export X=$(cat VERSION > /srv/version)',
  'export X=$((1 + $(./bump.sh)))',
  'echo $(rm -rf uploads)',
  'echo "it\'s $(rm -rf uploads)"',
  'npm ci --loglevel "$(./level)"',
  'export X=$(hostname shop)',
  'export X=$(date --set 12:00)',
  'pm2 stop shop',
  'pm2 delete all',
  'yarn pm2 stop all',
  'bun server.js',
  'eval "$(x)"',
  'npm run build -- --outDir /var/www/html',
  'npm run build -- --outDir=../../public',
  'npm run build -- "--outDir=/srv/www"',
  'yarn build --out-dir $WEBROOT',
  'BUILD_PATH=/var/www/html npm run build',
  'yarn install --modules-folder /var/www/shop/shared/node_modules',
  'npm ci --prefix /var/www/shop/current/api',
  'rm -rf node_modules/*',
  'rm -rf ../node_modules',
  'rm -rf a$X/node_modules',
  'mkdir -p logs$X',
  'rm -rf uploads node_modules',
  'mkdir -p /var/log/shop',
  'mkdir -p ../logs',
  'echo PORT=1 > .env',
  'git log -1 > /var/www/shop/current/public/version.txt',
  'git log -1 --output=/srv/version',
  'git rev-parse HEAD 2>&1 >> ../version',
  'npm run build &> /var/www/shop/current/build.log',
  'npm ci >"$LOG"',
  'node -v > ~/version',
  'export A=b > /srv/log',
  'git submodule foreach make',
  'git -C ../lib submodule update',
  'npx prisma migrate deploy',
  'npx next start',
  'npx tsc --watch',
  'npx rimraf dist',
  'source ./post-deploy.sh',
  '. scripts/restart.sh',
  'pushd api',
  'nvm exec 20 npm ci',
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
  'export SHA="$(git rev-parse --short HEAD || echo none)" HERE=`pwd`',
  'export V=$(node -p \'require("./package.json").version\') N=$(($(nproc) - 1))',
  "export $(grep -v '^#' .env | xargs)",
  "export NOTE='$(./bump.sh)'",
  'NODE_ENV=production',
  'source ~/.nvm/nvm.sh',
  '. ./env.sh',
  'source .env.production',
  'source "$NVM_DIR/nvm.sh"',
  '. /etc/profile',
  'source ~/.zshrc',
  '. venv/bin/activate',
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

test.each(['export DEST=/srv/www', 'export A=b "DEST=/srv/www"', 'export DEST="$WEBROOT"', 'DEST=../../www'])(
  'from `%s` on a build may write there: it waits, an install does not',
  (command) => {
    expect(splitOf(`${command} && npm ci && npx tsc && ${reload}`)).toMatchObject({
      prepare: [command, 'npm ci'],
      activate: [command, 'npx tsc', reload],
    })
    expect(splitOf([command, 'pnpm i', 'pnpm build', reload]).prepare).toEqual([command, 'pnpm i'])
  },
)

test.each([
  'export PATH=/opt/node/bin:$PATH',
  'export NVM_DIR="$HOME/.nvm"',
  'export NODE_ENV="$STAGE"',
  'export API=https://api.example.com SHA=$(git rev-parse HEAD)',
])('`%s` names no place where a build would write', (command) => {
  expect(splitOf(`${command} && npm run build && ${reload}`).prepare).toEqual([command, 'npm run build'])
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
  test.each([
    'sudo -u app git pull',
    'GIT_SSH_COMMAND="ssh -i k" git pull',
    'git -C . pull',
    'git -C /var/www/shop/current pull',
    '/usr/bin/git pull > pull.log 2>&1',
    'timeout 60 git pull',
    'git submodule update --init --remote',
    'git submodule update --recursive --merge lib',
  ])('`%s` is too, however it is written', (command) => {
    expect(splitOf(`${command} && npm ci && ${reload}`)).toMatchObject({ prepare: ['npm ci'], activate: [reload] })
  })
  test('another repository is none of our business', () => {
    const elsewhere = ['git -C /srv/other pull', reload]
    expect(splitOf(elsewhere).activate).toEqual(elsewhere)
    expect(splitOf(`cd /srv/other && git pull && ${reload}`).activate).toContain('git pull')
    expect(fixedIn(['cd /srv/other && git pull; git -C /srv/third reset --hard'], base)).toEqual([])
  })
  test.each([
    ['git pull; npm install; pm2 restart x', 'true; npm install; pm2 restart x'],
    ['git fetch && git reset --hard origin/main || exit 1', 'true && true || exit 1'],
    ['if git pull; then npm ci; fi && pm2 reload x', 'if true; then npm ci; fi && pm2 reload x'],
    ['(cd api; sudo git checkout main | tee log) && pm2 reload x', '(cd api; true | tee log) && pm2 reload x'],
  ])('in `%s` it becomes `true`, which leaves the rest as it is', (text, rest) => {
    expect(splitOf(text)).toMatchObject({ prepare: [], activate: [rest] })
    expect(splitOf(text).reason).toMatch(/`git [^`]*` is left out|`sudo git checkout main` is left out/)
  })
  test('where only the shell knows which repository it is, or what it is in, it is refused', () => {
    expect(fixedIn(['cd $APP && git pull && pm2 reload x'], base)).toEqual([
      expect.stringMatching(/only the shell knows/),
    ])
    expect(fixedIn(['cd "$APP"; git pull'], base)).toHaveLength(1)
    expect(fixedIn(['bash -lc "git pull && npm ci && pm2 reload x"'], base)).toEqual([
      expect.stringMatching(/cannot be left out/),
    ])
    expect(fixedIn(['bash -lc "git fetch && git log"', 'cd $APP && git status'], base)).toEqual([])
    expect(fixedIn(['git pull; npm ci', 'git pull && npm ci'], base)).toEqual([])
  })
  test('what is run as it is written must not have it at all', () => {
    expect(movesIn(['git pull', 'npm ci'], base)).toHaveLength(1)
    expect(movesIn(['git fetch; npm ci'], base)).toEqual([])
  })
})

test.each([
  ['cd /var/www/shop/source; npm ci; pm2 reload x', 'cd /var/www/shop/current; npm ci; pm2 reload x'],
  ['cp /var/www/shop/source/.env.live .env && pm2 reload x', 'cp /var/www/shop/current/.env.live .env'],
])('the folder of pm2 deploy in `%s` is the release', (text, first) => {
  const { activate, reason } = splitOf(text)
  expect(activate[0]).toBe(first)
  expect(reason).toContain('`/var/www/shop/source` is read as `/var/www/shop/current`')
  expect(splitOf('cp /var/www/shop/sources/x . && pm2 reload x').reason).not.toContain('is read as')
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

test('a `;` at the end of a line is no more than the end of the line', () => {
  const expected = { prepare: ['npm ci', 'npm run build'], activate: [reload] }
  expect(splitOf(`npm ci && npm run build && ${reload};`)).toMatchObject(expected)
  expect(splitOf(`npm ci;\n npm run build ; # then\n${reload};\n`)).toMatchObject(expected)
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
