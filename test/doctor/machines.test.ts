import { expect, test } from 'vitest'
import { type HostChange, host, told } from './facts.ts'

const mebibyte = 2 ** 20

/** Of two hosts the first is changed. */
test.each<[string, HostChange, RegExp]>([
  [
    'clock behind',
    { checkup: { clockOffSeconds: -42 } },
    /^warning web-1: its clock is 42 s behind the one here → .*set-ntp/,
  ],
  ['clock ahead', { checkup: { clockOffSeconds: 7300 } }, /^warning web-1: its clock is 2 h ahead of/],
  [
    'disk',
    { probe: { freeBytes: 400 * mebibyte } },
    /^warning web-1: 400 MiB are free in \/var\/www\/shop, and a release takes 256 MiB/,
  ],
  [
    'rights',
    { checkup: { unwritable: ['/var/www/shop/shared'] } },
    /^error web-1: deploy may not write to .*\/shared → .*chown -R deploy \/var\/www\/shop\/shared$/,
  ],
  ['sudo', { checkup: { maySudo: false } }, /^error web-1: a hook calls sudo.*NOPASSWD/],
  [
    'boot',
    { checkup: { startsAtBoot: false } },
    /^warning web-1: nothing starts pm2 at boot → .*pm2 startup systemd -u deploy --hp \/home\/deploy/,
  ],
  ['nothing saved', { checkup: { saved: ['blog'] } }, /^warning web-1: pm2 has not saved shop .*&& pm2 save$/],
  [
    'lock',
    { checkup: { locks: [{ file: '/var/www/shop/deploy.lock', ageSeconds: 90 }] } },
    /^warning web-1: \/var\/www\/shop\/deploy.lock is there, for 90 s → .*rm -r/,
  ],
  ['unseen', { unseen: ['pm2 did not say'] }, /^warning web-1: pm2 did not say$/],
  [
    'hidden tools',
    {
      probe: {
        tried: [{ from: 'plain', path: '/bin', missing: ['node', 'pm2'] }],
        path: { from: 'login shell', path: '/opt/bin', missing: [] },
      },
    },
    /^note web-1: node and pm2 are not on the PATH .*ln -s \/usr\/bin\/node \/usr\/bin\/pm2 \/usr\/local\/bin\/$/,
  ],
  [
    'Node',
    { probe: { tools: [{ name: 'node', location: '/usr/bin/node', version: 'v9.1.0' }] } },
    /^warning web-1,web-2: Node is not the same everywhere: v9.1.0 on web-1, v20.20.2 on web-2 → install v20.20.2 on web-1$/,
  ],
  [
    'repository key',
    { checkup: { repositoryError: 'git@git: Permission denied (publickey).' } },
    /^error web-1: deploy cannot read the repository: .* → ecosystem.config.js:4 'forward-agent': 'yes'/,
  ],
  [
    'repository host key',
    { checkup: { repositoryError: 'Host key verification failed.' } },
    /^error web-1: .*→ as deploy there, once/,
  ],
  [
    'commit',
    { checkup: { commit: 'fffffff'.padEnd(40, '0') } },
    /^warning web-1,web-2: the hosts have different commits: fffffff on web-1, 334e059 on web-2/,
  ],
  [
    'pm2 deploy',
    { checkup: { isSetUp: false, isByPm2Deploy: true } },
    /^note web-1: .* is as pm2 deploy left it → zdr-deploy production setup$/,
  ],
  ['no setup', { checkup: { isSetUp: false } }, /^note web-1: .* is not set up/],
  [
    'ill',
    { health: { healthy: false, detail: '500 in 2 ms' } },
    /^error web-1: http:\/\/localhost:4000\/health says: 500 in 2 ms → /,
  ],
  [
    'another listens',
    { health: { foreignListener: 'nginx in /' } },
    /^warning web-1: .* is answered by nginx in \/, not by the app → ecosystem.config.js:8/,
  ],
  [
    'any path',
    { health: { anyPathIsHealthy: true } },
    /^warning web-1: http:\/\/localhost:4000 answers paths that do not exist/,
  ],
])('%s', (_name, change, finding) => {
  expect(told({ hosts: [host('web-1', change), host('web-2')] })).toEqual([expect.stringMatching(finding)])
})

test.each<[string, HostChange]>([
  ['a clock that may be right', { checkup: { clockOffSeconds: 3 } }],
  ['a machine without systemd', { checkup: { startsAtBoot: null, saved: [] } }],
  ['what a hook may do by sudo', { checkup: { maySudo: true } }],
  ['a host of which only the probe is known', { checkup: null, processes: null, health: null }],
  [
    'a host whose app is not up, and that is not healthy',
    { processes: [], checkup: { commit: null }, health: { healthy: false } },
  ],
])('nothing is said of %s', (_name, change) => {
  expect(told({ hosts: [host('web-1', change), host('web-2')] })).toEqual([])
})

test('a disk without room for a release is an error where no older ones can make room', () => {
  const full = { probe: { freeBytes: 200 * mebibyte } }
  expect(told({ hosts: [host('web-1', full)] })).toEqual([expect.stringMatching(/^warning web-1: 200 MiB are free/)])
  const first = { ...full, checkup: { isSetUp: false } }
  expect(told({ hosts: [host('web-1', first)] })[0]).toMatch(/^error web-1: 200 MiB are free/)
})
