/** The keys of an environment: first those of pm2 deploy, then ours. The compiler compares them with the checks. */
import { sharedKeys } from '../fleet.ts'
import type { environmentShape, hostShape } from '../schema.ts'
import {
  anyText,
  count,
  flag,
  hostPath,
  localFiles,
  oneOf,
  port,
  releasePath,
  server,
  someText,
  url,
  variables,
} from './forms.ts'
import type { Key } from './key.ts'
import { rolloutKeys, timeoutsKeys } from './rollout.ts'
import { balancerKeys, healthKeys } from './traffic.ts'

const ofPm2 = { isOfPm2: true } as const
const commands = { form: { ...anyText, words: 'a command' }, listOf: 0 } as const
const hook = { ...ofPm2, ...commands } as const

const user: Key = {
  ...ofPm2,
  meaning: 'who logs in on the hosts',
  form: anyText,
  without: 'as `~/.ssh/config` says, else the local user',
  examples: ['deploy'],
}
const key: Key = {
  ...ofPm2,
  meaning: "a private key file on the deployer's disk. The agent's keys are tried too",
  form: anyText,
  without: 'as `~/.ssh/config` says',
  examples: ['~/.ssh/id_ed25519'],
}
const sshPort: Key = {
  ...ofPm2,
  meaning: 'the port of SSH. May be a number (`pm2 deploy` takes texts only)',
  form: port,
  without: 'as `~/.ssh/config` says, else 22',
  examples: [2222],
}

const hostKeys = {
  host: {
    ...ofPm2,
    meaning: 'the SSH address of this host: `10.0.0.11`, `web-1`, `deploy@web-1:2222`',
    form: someText,
    examples: ['web-1'],
  },
  user: { ...user, meaning: 'who logs in on this host', without: "the environment's" },
  port: { ...sshPort, without: "the environment's" },
  key: { ...key, without: "the environment's" },
  server: {
    meaning: "how the balancer knows the host, in a host's object: `10.0.0.11:4000`, or a port",
    form: server,
    without: 'the host, with the port of `health`',
    examples: ['10.0.0.11:4000', 4001],
  },
} satisfies Readonly<Record<keyof typeof hostShape, Key>>

export const environmentKeys = {
  host: {
    ...ofPm2,
    meaning:
      "the fleet: a text, or a list of texts and `{ host, user, port, key, server }`; `user@host:port` too. `localhost` runs here, without SSH, as whoever deploys; `deploy@localhost` goes by SSH. A `ref` or `path` of a host's own may say the same as the environment's, and no other: every host gets the same",
    form: { ...someText, words: 'the SSH address of a host' },
    section: { name: 'Host', keys: hostKeys, needs: ['host'], repeats: sharedKeys },
    listOf: 1,
    examples: [
      ['10.0.0.11', '10.0.0.12'],
      [{ host: 'web-1', port: 2222, server: '10.0.0.11:4000' }, 'web-2'],
    ],
  },
  user,
  key,
  port: sshPort,
  ssh_options: {
    ...ofPm2,
    meaning:
      'of the options of `ssh`: StrictHostKeyChecking (`no` takes an unknown key, with a warning, and never a changed one), UserKnownHostsFile, User, Port, IdentityFile, IdentityAgent, ProxyJump, ForwardAgent, ConnectTimeout, KexAlgorithms, Ciphers, MACs, HostKeyAlgorithms. Options without an effect here are named in a warning; others are refused, with what to write instead',
    form: { ...anyText, words: 'a text such as `ProxyJump=jump.example.com`' },
    listOf: 0,
    examples: ['ProxyJump=ops@jump.example.com', ['StrictHostKeyChecking=accept-new', 'ForwardAgent=yes']],
  },
  'forward-agent': {
    ...ofPm2,
    meaning: "passes the SSH agent on to the hosts. `'no'` is refused, because `pm2 deploy` takes it for yes",
    form: flag,
    without: 'as `~/.ssh/config` says, else no',
    examples: [true],
  },
  needs_tty: {
    ...ofPm2,
    meaning: 'passed over, with a warning: commands run without a terminal, as those of `pm2 deploy` do in spite of it',
    form: flag,
    default: false,
    examples: [true],
  },
  ref: {
    ...ofPm2,
    meaning:
      'what is deployed: a branch, a tag or a commit, resolved once for all hosts. `main` follows the branch, as `origin/main` does',
    form: someText,
    examples: ['origin/main', 'v1.4.2'],
  },
  repo: {
    ...ofPm2,
    meaning: 'the git repository. Each host fetches it by itself',
    form: someText,
    examples: ['git@git.example.com:shop.git'],
  },
  path: {
    ...ofPm2,
    meaning: "where the app lives on the hosts: absolute, or `~/…`, which is the host's home (there: the deployer's)",
    form: hostPath,
    examples: ['/var/www/shop', '~/shop'],
  },
  fetch: {
    ...ofPm2,
    meaning: 'how much of the history a host fetches: `fast` takes 5 commits',
    form: oneOf('fast', 'full', ''),
    default: 'full',
    examples: ['fast'],
  },
  'pre-setup': {
    ...hook,
    meaning: 'runs on each host, at each `setup`: a command, or a script on your disk',
    examples: ['sudo apt-get install --yes git'],
  },
  'post-setup': {
    ...hook,
    meaning: 'runs once on a host, in its first release, before the install',
    examples: ['mkdir -p $SHARED/uploads'],
  },
  'pre-deploy-local': {
    ...hook,
    meaning:
      'runs on your machine, once (there: once for each host), with `ZDR_ENVIRONMENT`, `ZDR_REF`, `ZDR_SHA`, `ZDR_RELEASE`',
    examples: ['npm test'],
  },
  'pre-deploy': {
    ...hook,
    meaning: 'runs in the release that runs, before the new one is prepared. `git pull` and its like are left out',
    examples: ['./scripts/announce.sh'],
  },
  'post-deploy': {
    ...hook,
    meaning:
      'installs, builds and reloads. Split: the leading installs and builds run beside the running app, all from the first other command on while the host is out',
    without: '`pm2 startOrRestart <file> --env <environment>`',
    examples: ['npm ci && npm run build && pm2 reload ecosystem.config.js --env production'],
  },
  env: {
    ...ofPm2,
    meaning:
      'variables for the commands on the hosts, names in upper case; values are quoted (`$HOME` stays `$HOME`, with a warning), and nested names mean nothing else',
    form: variables,
    examples: [{ NODE_ENV: 'production' }],
  },
  health: {
    meaning: 'URL that a host asks itself, or an object: `{ url, … }`',
    form: url,
    section: { name: 'Health', keys: healthKeys, needs: ['url'] },
    without: 'none: only that the processes stay up is verified',
    examples: ['http://localhost:4000/health', { url: 'http://localhost:4000/health', stable: '10s' }],
  },
  balancer: {
    meaning: 'what sends the requests to the hosts',
    section: { name: 'Balancer', keys: balancerKeys, needs: ['type', 'on', 'upstream'] },
    without: 'none: the hosts reload in place, one at a time',
    examples: [{ type: 'nginx', on: ['10.0.0.2'], upstream: 'shop' }],
  },
  rollout: {
    meaning: 'how the fleet is rolled',
    section: { name: 'Rollout', keys: rolloutKeys, needs: [] },
    examples: [{ batch: 1, 'min-serving': 2 }],
  },
  shared: {
    meaning: 'files, and folders with a `/` behind them, that are linked from `<path>/shared` into each release',
    form: releasePath,
    listOf: 0,
    without: 'none',
    examples: [['.env', 'config/master.key', 'uploads/']],
  },
  upload: {
    meaning:
      'local files, beside the configuration, and what they become in each release, in place of a link; at most 1 MiB each',
    form: localFiles,
    without: 'none',
    examples: [{ '.env.production': '.env' }],
  },
  ignore: {
    meaning: 'files and folders that lie in what another tool deployed, and are not taken over',
    form: releasePath,
    listOf: 0,
    without: 'none',
    examples: [['tmp/']],
  },
  subdir: {
    meaning:
      "the app's folder, in a repository of several. Installs that come first run at the top, with what is set up for them; the rest of `post-deploy`, `install`, `reload` and `migrate` in it",
    form: releasePath,
    without: 'the top',
    examples: ['apps/api'],
  },
  install: {
    ...commands,
    meaning: 'the first half of `post-deploy`, in your own words: runs in the new release, beside the running app',
    without: 'read from `post-deploy`; where nothing in it installs, by lockfile',
    examples: [['npm ci', 'npm run build']],
  },
  reload: {
    ...commands,
    meaning: 'the second half of `post-deploy`, in your own words: runs while the host is out',
    without: 'read from `post-deploy`',
    examples: ['pm2 reload ecosystem.config.js --env production'],
  },
  timeouts: {
    meaning: 'how long each kind of step may take',
    section: { name: 'Timeouts', keys: timeoutsKeys, needs: [] },
    examples: [{ prepare: '30m', reload: '10m' }],
  },
  migrate: {
    meaning: 'a command that runs once for a commit, on one host, before the first batch',
    form: { ...anyText, words: 'a command' },
    without: 'none',
    examples: ['npx prisma migrate deploy'],
  },
  'post-deploy-local': {
    ...commands,
    meaning:
      'runs on your machine, once, after a deploy or a rollback that ended well (`unchanged` too), with `ZDR_OUTCOME` and all else that is known of it. Where it fails, the exit code is 4, and the deploy stays',
    examples: ['curl -sf -d "$ZDR_ENVIRONMENT is at $ZDR_REF" https://chat.example.com/deploys'],
  },
  'on-failure-local': {
    ...commands,
    meaning:
      'runs on your machine, once, after one that ended otherwise: failed, locked by another, rolled back, incomplete, interrupted; with `ZDR_OUTCOME`, `ZDR_FAILURE` and the like',
    examples: ['curl -sf -d "$ZDR_ENVIRONMENT is $ZDR_OUTCOME: $ZDR_FAILURE" https://chat.example.com/deploys'],
  },
  'keep-releases': {
    meaning: 'how many releases stay on a host, at least 2: the one that runs, and the one before it',
    form: count(2),
    default: 5,
    examples: [8],
  },
} satisfies Readonly<Record<keyof ReturnType<typeof environmentShape>, Key>>
