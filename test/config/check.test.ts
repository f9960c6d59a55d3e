import { writeFile } from 'node:fs/promises'
import { homedir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadEnvironment } from '../../src/config/load.ts'
import type { EnvironmentConfig } from '../../src/config/types.ts'
import { deployYml, folderWith, refusal } from './temporary.ts'

const balancer = '{ type: nginx, on: [10.0.0.2], upstream: shop }'
const health = 'http://localhost:4000/health'

async function load(lines: Readonly<Record<string, string>>): Promise<EnvironmentConfig> {
  return loadEnvironment({ cwd: await deployYml(lines), environment: 'production' })
}

async function problemsOf(lines: Readonly<Record<string, string>>): Promise<readonly string[]> {
  return (await refusal(load(lines))).message.split('\n')
}

test('everything that is wrong is said at once, each with its place', async () => {
  const cwd = await folderWith({
    'deploy.yml': [
      'deploy:',
      '  production:',
      '    user: 7',
      '    hots: web-1',
      '    host: [web-1, -x, {host: web-2, por: 22}]',
      '    ref: 1234567',
      '    repo: git@git.example.com:shop.git',
      '    path: www/shop',
      '    needs_tty: "no"',
      '    ssh_options: ProxyComand=x',
      '    health:',
      '      url: localhost:4000/health',
      '      timeout: 5',
      '    rollout: { on-failure: explode }',
    ].join('\n'),
  })
  const { code, message } = await refusal(loadEnvironment({ cwd, environment: 'production' }))
  expect(code).toBe('config')
  expect(
    message
      .split('\n')
      .map((line) => line.split(' ').slice(0, 2).join(' '))
      .sort(),
  ).toEqual(
    [
      'deploy.yml:3:5 deploy.production.user',
      'deploy.yml:4:5 deploy.production.hots',
      'deploy.yml:5:19 deploy.production.host[1]',
      'deploy.yml:5:37 deploy.production.host[2].por',
      'deploy.yml:6:5 deploy.production.ref',
      'deploy.yml:8:5 deploy.production.path',
      'deploy.yml:9:5 deploy.production.needs_tty',
      'deploy.yml:10:5 deploy.production.ssh_options',
      'deploy.yml:12:7 deploy.production.health.url',
      'deploy.yml:13:7 deploy.production.health.timeout',
      'deploy.yml:14:16 deploy.production.rollout.on-failure',
      'deploy.yml:2:3 deploy.production',
    ].sort(),
  )
  expect(message).toContain('hots is not known: did you mean `host`?')
  expect(message).toContain('por is not known: did you mean `port`?')
  expect(message).toContain('has neither `post-deploy` nor `reload`')
})

test('a JS file is named with the key path, and a variable that is not set by its name', async () => {
  const cwd = await folderWith({
    'ecosystem.config.cjs': `module.exports = { apps: [], deploy: { production: {
      host: process.env.ZDR_NO_SUCH_HOST, key: process.env['ZDR_NO_SUCH_KEY'],
      ref: 'main', repo: 'r', path: '/srv/x', health: { url: 'ftp://x' } } } }`,
  })
  expect((await refusal(loadEnvironment({ cwd, environment: 'production' }))).message.split('\n')).toEqual([
    'ecosystem.config.cjs deploy.production.host is undefined: the variable ZDR_NO_SUCH_HOST is not set',
    'ecosystem.config.cjs deploy.production.key is undefined: the variable ZDR_NO_SUCH_KEY is not set',
    expect.stringMatching(/^ecosystem\.config\.cjs deploy\.production\.health\.url must be a URL/),
  ])
})

test('of two environments, the variables of the one that is asked for are named; an `undefined` that was written is none', async () => {
  const block = (name: string) => `user: \`\${process.env.ZDR_NO_SUCH_${name}}\`, host: 'web-1', ref: 'main', repo: 'r',
    path: '/srv/x', 'post-deploy': 'node -e "undefined" && pm2 reload x'`
  const cwd = await folderWith({
    'ecosystem.config.cjs': `module.exports = { deploy: {\n staging: { ${block('A')} },\n production: { ${block('B')} } } }`,
  })
  expect((await refusal(loadEnvironment({ cwd, environment: 'production' }))).message).toBe(
    'ecosystem.config.cjs deploy.production.user has an `undefined` in it: the variable ZDR_NO_SUCH_B is not set',
  )
})

test('what is missing is said of the environment', async () => {
  const cwd = await folderWith({ 'deploy.yml': 'deploy:\n  production:\n    reload: pm2 reload x\n' })
  const lines = (await refusal(loadEnvironment({ cwd, environment: 'production' }))).message.split('\n')
  expect(lines).toEqual(
    ['host', 'ref', 'repo', 'path'].map((key) =>
      expect.stringContaining(`deploy.yml:2:3 deploy.production has no \`${key}\``),
    ),
  )
})

describe('hosts', () => {
  test('a number or a text is a port, and what a host says of itself goes first', async () => {
    const { hosts } = await load({
      port: '"2222"',
      key: '~/.ssh/shop',
      host: '[a, admin@b, "c:2022", "[fd00::1]:23", fd00::2, {host: d, user: me, port: 24, key: /keys/d, server: 4001}]',
      health,
    })
    const ours = join(homedir(), '.ssh/shop')
    expect(hosts).toEqual([
      { name: 'a', address: 'a', isLocal: false, user: 'deploy', port: 2222, keys: [ours], server: 'a:4000' },
      { name: 'b', address: 'b', isLocal: false, user: 'admin', port: 2222, keys: [ours], server: 'b:4000' },
      { name: 'c', address: 'c', isLocal: false, user: 'deploy', port: 2022, keys: [ours], server: 'c:4000' },
      {
        name: 'fd00::1',
        address: 'fd00::1',
        isLocal: false,
        user: 'deploy',
        port: 23,
        keys: [ours],
        server: '[fd00::1]:4000',
      },
      {
        name: 'fd00::2',
        address: 'fd00::2',
        isLocal: false,
        user: 'deploy',
        port: 2222,
        keys: [ours],
        server: '[fd00::2]:4000',
      },
      { name: 'd', address: 'd', isLocal: false, user: 'me', port: 24, keys: ['/keys/d'], server: 'd:4001' },
    ])
  })
  test('two that differ by port only have it in their names; the same one twice is refused', async () => {
    const { hosts } = await load({ host: '[a, "a:2222", b]' })
    expect(hosts.map((host) => host.name)).toEqual(['a:22', 'a:2222', 'b'])
    expect((await problemsOf({ host: '[a, b, "x@a:22"]' }))[0]).toContain('host[2] is `a` a second time')
  })
  test('a ref, or anything else that every host gets alike, may be repeated for a host but not differ', async () => {
    expect((await load({ host: '[{host: a, ref: origin/main}]' })).hosts).toHaveLength(1)
    expect((await problemsOf({ host: '[{host: a, ref: dev}]' }))[0]).toMatch(/host\[0\]\.ref differs .* same commit/)
    expect((await problemsOf({ host: '[{host: a, path: /srv/b}]' }))[0]).toMatch(/host\[0\]\.path differs/)
  })
  test('it may be written in another way for a host: with or without `origin/`, or a slash at the end', async () => {
    for (const ref of ['main', 'origin/main', '" main "', 'refs/remotes/origin/main'])
      expect(
        (await load({ ref: 'main', host: `[{host: a, ref: ${ref}, path: /var/www/shop/}, b]` })).hosts,
      ).toHaveLength(2)
  })
  test('localhost alone runs without SSH; with a user or a port it is reached by SSH', async () => {
    const { hosts } = await load({ host: '[localhost, deploy@localhost, "localhost:2222", {host: web-1}]' })
    expect(hosts.map(({ name, isLocal }) => [name, isLocal])).toEqual([
      ['localhost', true],
      ['localhost:22', false],
      ['localhost:2222', false],
      ['web-1', false],
    ])
    expect((await problemsOf({ host: '[localhost, {host: localhost}]' }))[0]).toContain(
      'host[1] is `localhost` a second',
    )
  })
  test('a port, or another user, means nothing to localhost, and is said to', async () => {
    const me = userInfo().username
    const warningsOf = async (lines: Readonly<Record<string, string>>) =>
      (await load(lines)).warnings.filter((text) => text.startsWith('`localhost`'))
    expect(await warningsOf({ host: 'localhost', user: me })).toEqual([])
    expect(await warningsOf({ host: '[localhost, web-1]', user: me, port: '2222' })).toEqual([])
    expect(await warningsOf({ host: 'localhost', user: 'another', port: '2222' })).toEqual([
      `\`localhost\` runs here without SSH, as ${me}, whatever \`user\` and \`port\` may say; \`127.0.0.1\` is reached by SSH`,
    ])
    expect(await warningsOf({ host: '[{host: localhost, port: 2222}, web-1]', user: me })).toHaveLength(1)
  })
  test.each(['[]', '[{user: x}]', '"-oProxyCommand=x"', '"a b"', '7', '{host: 7}', '"a:99999"', 'ssh://a', '""'])(
    'host: %s is refused',
    async (host) => {
      const problems = await problemsOf({ host })
      expect(problems).toHaveLength(1)
      expect(problems[0]).toContain('deploy.production.host')
    },
  )
})

describe('what pm2 deploy reads', () => {
  test('an empty text is as good as none', async () => {
    const config = await load({
      key: '""',
      port: '""',
      'pre-setup': '""',
      'forward-agent': '""',
      needs_tty: '""',
      fetch: '""',
      user: '""',
    })
    expect(config).toMatchObject({ depth: null, hooks: { preSetup: [] }, ssh: { forwardAgent: false } })
    expect(config.hosts[0]).toMatchObject({ user: undefined, port: undefined, keys: [] })
  })
  test('null, as YAML writes what is left open, is an empty text', async () => {
    const open = [
      'user',
      'key',
      'port',
      'ssh_options',
      'fetch',
      'forward-agent',
      'needs_tty',
      'env',
      'pre-deploy',
      'pre-setup',
    ]
    const config = await load(Object.fromEntries(open.map((key) => [key, ''])))
    expect(config).toMatchObject({ depth: null, env: {}, hooks: { preDeploy: [] }, ssh: { forwardAgent: false } })
  })
  test('every hook is a text or a list', async () => {
    const hooks = { preSetup: 'pre-setup', postSetup: 'post-setup', preDeployLocal: 'pre-deploy-local' }
    const more = { preDeploy: 'pre-deploy', postDeployLocal: 'post-deploy-local', onFailureLocal: 'on-failure-local' }
    for (const [name, key] of Object.entries({ ...hooks, ...more })) {
      expect((await load({ [key]: 'one && two' })).hooks).toMatchObject({ [name]: ['one && two'] })
      expect((await load({ [key]: '[one, "", two]' })).hooks).toMatchObject({ [name]: ['one', 'two'] })
      expect((await load({ [key]: '""' })).hooks).toMatchObject({ [name]: [] })
    }
  })
  test('needs_tty is passed over: pm2 deploy gives no terminal either', async () => {
    expect((await load({ needs_tty: '"true"' })).warnings).toContainEqual(expect.stringMatching(/^needs_tty: /))
    expect((await load({ needs_tty: 'false' })).warnings.join()).not.toContain('needs_tty')
  })
  test('forward-agent is what it says, and `no` is not taken for yes', async () => {
    expect((await load({ 'forward-agent': 'true' })).ssh.forwardAgent).toBe(true)
    expect((await load({ 'forward-agent': 'false' })).ssh.forwardAgent).toBe(false)
    expect((await load({ 'forward-agent': '"yes"' })).ssh.forwardAgent).toBe(true)
    expect((await problemsOf({ 'forward-agent': '"no"' }))[0]).toContain('takes for yes')
  })
  test('fetch: fast is a depth of 5', async () => {
    expect((await load({ fetch: 'fast' })).depth).toBe(5)
    expect(await problemsOf({ fetch: 'slow' })).toHaveLength(1)
  })
  test('env: names are upper-cased, values stay as they are', async () => {
    expect(
      (await load({ env: '{ node_env: production, PORT: 4000, quote: "it\'s $HOME", debug: false }' })).env,
    ).toEqual({
      NODE_ENV: 'production',
      PORT: '4000',
      QUOTE: "it's $HOME",
      DEBUG: 'false',
    })
    const odd = await load({ env: '{ url: "http://$HOME/`x`", price: "$5 $x", shared: "$' + '{SHARED}/x" }' })
    expect(odd.warnings.filter((text) => text.startsWith('env.'))).toEqual([
      expect.stringMatching(/^env\.url: `\$HOME` stays as it is written/),
      expect.stringMatching(/^env\.shared: `\$\{SHARED\}`/),
    ])
    expect((await problemsOf({ env: '{ PATH: "/opt/node/bin:$PATH" }' }))[0]).toMatch(/env\.PATH has `\$PATH`/)
    const problems = await problemsOf({ env: '{ a-b: x, c: [1], d: null, e: 1, E: 2 }' })
    expect(problems.map((line) => line.split(' ')[1])).toEqual(
      ['a-b', 'c', 'd', 'E'].map((key) => `deploy.production.env.${key}`),
    )
  })
  test('ssh_options: what is understood, with or without -o, in a text or a list', async () => {
    const expected = {
      strictHostKeyChecking: 'accept-new',
      knownHostsFiles: ['/a', join(homedir(), 'b')],
      proxyJump: 'me@jump:2',
      forwardAgent: true,
      identityAgent: join(homedir(), 'agent'),
      algorithms: { cipher: ['aes256-ctr', 'aes128-ctr'], serverHostKey: ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] },
    }
    const options = [
      'StrictHostKeyChecking=accept-new',
      'UserKnownHostsFile=/a ~/b',
      'ProxyJump me@jump:2',
      'forwardagent = yes',
      'Port=2022',
      'IdentityFile=/k',
      'IdentityAgent=~/agent',
      'Ciphers=aes256-ctr,aes128-ctr',
      'HostKeyAlgorithms=rsa-sha2-*,ssh-rsa',
      'User=root',
      'ConnectTimeout=1m5s',
    ]
    for (const written of [
      JSON.stringify(options),
      JSON.stringify(options.map((option) => `-o ${option}`)),
      JSON.stringify(options.join(' -o ')),
    ]) {
      const { ssh, hosts, timeouts } = await load({ ssh_options: written, port: '1', key: '/l' })
      expect(ssh).toEqual(expected)
      expect(hosts[0]).toMatchObject({ user: 'root', port: 2022, keys: ['/k', '/l'] })
      expect(timeouts.connect).toEqual({ timeoutMs: 65_000, setBy: 'ssh_options: ConnectTimeout' })
    }
  })
  test('ssh_options: `timeouts.connect` goes before ConnectTimeout', async () => {
    const { timeouts } = await load({ ssh_options: 'ConnectTimeout=5', timeouts: '{ connect: 7s }' })
    expect(timeouts.connect).toEqual({ timeoutMs: 7_000, setBy: 'timeouts.connect' })
  })
  test('ssh_options: the first mention counts, as in ssh; the harmless are named, the others refused', async () => {
    expect((await load({ ssh_options: '[Port=1, Port=2]' })).hosts[0]?.port).toBe(1)
    expect((await load({ ssh_options: 'LogLevel=ERROR' })).warnings).toContainEqual(expect.stringContaining('LogLevel'))
    for (const wrong of [
      'ProxyCommand=nc',
      'User=a b',
      'NoSuchOption=1',
      '-A',
      'Port=x',
      'StrictHostKeyChecking=maybe',
      'ForwardAgent=perhaps',
      'ConnectTimeout=never',
      'ConnectTimeout=0',
      'KexAlgorithms=+no-such',
      'SetEnv=A=1',
      'HostKeyAlias=x',
      '7',
    ]) {
      expect(await problemsOf({ ssh_options: wrong }), wrong).toHaveLength(1)
    }
  })
  test("a path is the host's: absolute, or in its home", async () => {
    expect((await load({ path: '~/shop/' })).path).toBe('~/shop')
    for (const wrong of ['www/shop', './shop', '/', '"~"', '"~root/x"', '""'])
      expect(await problemsOf({ path: wrong }), wrong).toHaveLength(1)
  })
  test('a pre-setup that names a local script is that script, with its arguments', async () => {
    const cwd = await deployYml({ 'pre-setup': './prepare.sh a b' })
    await writeFile(join(cwd, 'prepare.sh'), 'echo "$1"\n')
    expect((await loadEnvironment({ cwd, environment: 'production' })).hooks.preSetup).toEqual([
      'set -- a b\necho "$1"\n',
    ])
    expect((await load({ 'pre-setup': 'apt-get update' })).hooks.preSetup).toEqual(['apt-get update'])
  })
  test('git in a hook cannot move the running release, nor the new one', async () => {
    const config = await load({ 'pre-deploy': '"git pull && echo hello"' })
    expect(config.hooks.preDeploy).toEqual(['echo hello'])
    expect(config.warnings).toContainEqual(expect.stringContaining('`git pull` is left out'))
    expect((await load({ 'pre-deploy': '"git pull; echo"' })).hooks.preDeploy).toEqual(['true; echo'])
    for (const key of ['pre-deploy', 'post-deploy'])
      expect((await problemsOf({ [key]: '"cd $X && git pull && pm2 reload y"' }))[0]).toContain(
        `${key} has \`git pull\``,
      )
    expect(
      (await load({ 'post-deploy': '"bash -c \'git pull; pm2 reload x\'"', reload: 'pm2 reload x' })).split.activate,
    ).toEqual(['pm2 reload x'])
    for (const key of ['install', 'reload'])
      expect((await problemsOf({ [key]: '[git pull, npm ci]' }))[0]).toContain(`${key} has \`git pull\``)
  })

  test('a call of pm2 that does not tell its apps is warned of, with what to write', async () => {
    const { split, warnings } = await load({ 'post-deploy': '"npm ci && sudo -u app pm2 reload shop"' })
    expect(split.manager).toBe('pm2')
    expect(warnings).toContainEqual(expect.stringMatching(/`sudo -u app pm2 reload shop`.*Write it plainly/))
  })
  test('paths that lead elsewhere than with pm2 deploy are warned of', async () => {
    const { warnings } = await load({
      'post-deploy': '"cp ../.env . && pm2 reload x"',
      'pre-deploy': 'cd /var/www/shop/source',
    })
    expect(warnings.filter((warning) => /^(pre|post)-deploy:/.test(warning))).toHaveLength(2)
    expect(
      (await load({ 'post-deploy': '"cd api && npm ci && cd ../web && npm ci && pm2 reload x"' })).warnings.join(),
    ).not.toContain('post-deploy')
  })
})

describe('balancer and releases', () => {
  test('machines inherit user, key and port; the status port is the same each time, and another for another upstream', async () => {
    const lines = {
      health,
      key: '/k',
      port: '2222',
      balancer: '{ type: nginx, on: [10.0.0.2, "root@lb:22"], upstream: shop }',
    }
    const { balancer: first } = await load(lines)
    expect(first?.machines).toEqual([
      { name: '10.0.0.2', address: '10.0.0.2', isLocal: false, user: 'deploy', port: 2222, keys: ['/k'], server: null },
      { name: 'lb', address: 'lb', isLocal: false, user: 'root', port: 22, keys: ['/k'], server: null },
    ])
    const { balancer: second } = await load({ ...lines, balancer: lines.balancer.replace('shop', 'api') })
    expect(first?.statusPort).toBe((await load(lines)).balancer?.statusPort)
    expect(second?.statusPort).not.toBe(first?.statusPort)
    for (const port of [first?.statusPort, second?.statusPort])
      expect(port).toSatisfy((n: number) => n >= 21_000 && n < 22_000)
  })
  test('localhost is another machine there: its address has to be written', async () => {
    expect((await problemsOf({ balancer, health, host: '[localhost, b]' }))[0]).toContain(
      '`localhost:4000`, which is the',
    )
    expect(
      (await problemsOf({ balancer, health, host: '[{host: localhost, server: "localhost:4000"}]' }))[0],
    ).toContain('127.0.0.1')
    const { hosts } = await load({ balancer, health, host: '[{host: localhost, server: "10.0.0.9:4000"}, b]' })
    expect(hosts.map(({ server }) => server)).toEqual(['10.0.0.9:4000', 'b:4000'])
    expect(
      (await load({ health, balancer: '{ type: nginx, on: localhost, upstream: shop }' })).balancer?.machines[0]
        ?.isLocal,
    ).toBe(true)
  })
  test('it must know the port of every host, and no two hosts by one server', async () => {
    expect((await problemsOf({ balancer }))[0]).toContain('cannot know the port of 10.0.0.11, 10.0.0.12, 10.0.0.13')
    expect(
      (await load({ balancer, host: '[{host: a, server: 1}, {host: b, server: "c:1"}]' })).hosts.map(
        (host) => host.server,
      ),
    ).toEqual(['a:1', 'c:1'])
    expect((await problemsOf({ balancer, health, host: '[a, "a:23"]' }))[0]).toContain('the same server a:4000')
  })
  test.each([
    ['{ type: haproxy, on: [b], upstream: shop }', 'balancer.type'],
    ['{ on: [b], upstream: shop }', 'has no `type`'],
    ['{ type: nginx, upstream: shop }', 'has no `on`'],
    ['{ type: nginx, on: [], upstream: shop }', 'balancer.on'],
    ['{ type: nginx, on: [b, b], upstream: shop }', 'a second time'],
    ['{ type: nginx, on: [b], upstream: "a b" }', 'balancer.upstream'],
    ['{ type: nginx, on: [b], upstream: shop, status_port: 1 }', 'did you mean `status-port`'],
    ['nginx', 'must be an object'],
  ])('balancer: %s is refused', async (written, why) => {
    const problems = await problemsOf({ health, balancer: written })
    expect(problems).toEqual([expect.stringContaining(why)])
  })
  test('fewer than 2 releases cannot be kept', async () => {
    expect((await load({ 'keep-releases': '2' })).keepReleases).toBe(2)
    expect(await problemsOf({ 'keep-releases': '1' })).toEqual([expect.stringContaining('at least 2')])
  })
})

describe('migrate', () => {
  test('is one command, and none where it is empty', async () => {
    expect((await load({})).migrate).toBeNull()
    expect((await load({ migrate: '" npm run migrate "' })).migrate).toBe('npm run migrate')
    expect((await load({ migrate: '""' })).migrate).toBeNull()
  })
  test.each([
    ['[npm run a, npm run b]', 'must be a text, not a list'],
    ['true', 'must be a text'],
    ['"git pull; npm run migrate"', 'migrate has `git pull`'],
  ])('%s is refused', async (migrate, why) => {
    expect(await problemsOf({ migrate })).toEqual([expect.stringContaining(why)])
  })
  test('may not lead out of the release unnoticed', async () => {
    expect((await load({ migrate: '../migrate.sh' })).warnings).toContainEqual(expect.stringMatching(/^migrate: /))
  })
})

describe('health', () => {
  test('is needed where no process manager is called: nothing else tells what runs', async () => {
    expect(await problemsOf({ 'post-deploy': './scripts/deploy.sh' })).toEqual([
      expect.stringContaining('needs `health`: no process manager is known here'),
    ])
  })
  test('a text is its url; what is not written has a default', async () => {
    const expected = {
      url: health,
      statuses: null,
      timeoutMs: 5000,
      passes: 2,
      intervalMs: 250,
      stableMs: 3000,
      startMs: 30_000,
    }
    expect((await load({ health })).health).toEqual(expected)
    expect((await load({ health: `{ url: "${health}", status: 204, stable: 0s }` })).health).toEqual({
      ...expected,
      statuses: [204],
      stableMs: 0,
    })
  })
  test.each([
    'localhost:4000',
    '/health',
    'ftp://localhost/x',
    '"http://"',
    'http://localhost:99999/x',
    '7',
    '{ status: 200 }',
    '{ url: "http://localhost/x", status: 600 }',
    '{ url: "http://localhost/x", passes: 0 }',
    '{ url: "http://localhost/x", timeout: 0s }',
  ])('health: %s is refused', async (written) => {
    expect(await problemsOf({ health: written })).toHaveLength(1)
  })
})
