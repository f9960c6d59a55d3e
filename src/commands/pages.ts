/** What `zdr-deploy help <command>` says beyond the table of the verbs. The compiler demands a page for each. */
import type { ExitCode } from '../rollout/report.ts'
import type { VerbName } from './verbs.ts'

export interface Page {
  /** Paragraphs. */
  readonly about: readonly string[]
  readonly codes: Readonly<Partial<Record<ExitCode, string>>>
  /** A command line, and what it is for. */
  readonly examples: readonly (readonly [command: string, meaning: string])[]
}

/** Of whatever reads a configuration and goes to the hosts. */
const usual = {
  1: 'failed before anything a user could feel',
  2: 'usage or configuration',
} as const

const rolling = {
  0: 'every host is verified on the release; where that was so already, nothing was restarted',
  ...usual,
  3: 'failed and rolled back; also where a pause was answered with a no, or not at all',
  4: 'incomplete: someone should look; also where a host was skipped',
  5: 'locked by another deploy: it says who, since when, what',
  130: 'interrupted, safely',
} as const

const telling = {
  0: 'told, and all hosts agree',
  1: 'there is none, or no host could be seen',
  2: usual[2],
  4: 'hosts differ, or one could not be seen',
} as const

const oneCommit =
  'Prints the full SHA and nothing else. Where hosts differ, or one cannot be seen, a line `host<TAB>SHA` for each that was seen (`-`: none). Takes no lock.'

const goingBack =
  'It needs neither the repository nor npm: the release is still on the hosts. It rolls as a deploy does, by the commands and with the env that the release was activated with, but does not soak, and asks nobody, unless --pause-after says so. A database migration is not undone; those that were run since are named.'

const cutOff =
  'May be said from any machine that may log in to the hosts as the same user. Where none waits and the last one was cut off, interrupted or incomplete,'

export const pages: Readonly<Record<VerbName, Page>> = {
  deploy: {
    about: [
      'Fetches the commit on all hosts, lays it out as a release and prepares it beside the running app. Then, batch by batch: takes the hosts out of rotation, waits until their requests have ended, activates the release, reloads, verifies, and puts them back. A host that fails goes back to the release it came from, and so do those that were updated before it.',
      'A first Ctrl-C (or SIGTERM) begins no new batch, and ends safely; a second one leaves at once. Nothing has to be repaired by hand afterwards: run it again.',
    ],
    codes: rolling,
    examples: [
      ['zdr-deploy production', 'roll the configured ref'],
      ['zdr-deploy production --ref v1.4.2', 'roll this tag'],
      ['zdr-deploy production --skip web-3', 'go on without a host that cannot be reached'],
      ['zdr-deploy production --pause-after canary', 'roll the first batch, and wait for a yes'],
    ],
  },
  ref: {
    about: [
      'Takes a branch, `origin/<branch>`, a tag, a short or a full SHA. Resolved once: every host gets that commit.',
    ],
    codes: rolling,
    examples: [['zdr-deploy production ref v1.4.2', 'roll this tag']],
  },
  rollback: {
    about: [
      "Takes a release's beginning, or its commit. Without one it is the release deployed before; a second rollback goes one further back.",
      goingBack,
    ],
    codes: rolling,
    examples: [
      ['zdr-deploy production rollback', 'back to the release before'],
      ['zdr-deploy production rollback 334e059', 'back to the release of that commit'],
    ],
  },
  revert: {
    about: ['1 is the release that a rollback goes back to; `list` numbers them.', goingBack],
    codes: rolling,
    examples: [['zdr-deploy production revert 2', 'two releases back']],
  },
  current: {
    about: [oneCommit],
    codes: telling,
    examples: [['git log $(zdr-deploy production current)..', 'what is not deployed yet']],
  },
  previous: {
    about: [oneCommit],
    codes: telling,
    examples: [['zdr-deploy production previous', 'where `--rollback` would go']],
  },
  list: {
    about: [
      'With tabs between: how many releases back, SHA, time, who, release, and where it is not on every host any more, `only <hosts>` or `removed`. What was gone back from is not in it. Takes no lock.',
    ],
    codes: telling,
    examples: [['zdr-deploy production list', 'then `revert` with a number of it']],
  },
  exec: {
    about: [
      'Runs in `<path>/current`, with the `env`, the $SHARED and the PATH of a hook. All behind it is the command, options too; several words arrive as typed, one quoted text is for a shell. Output comes as it is written, both streams apart; with several hosts each line has its host before it.',
      'It has no terminal, no input, and no time limit but a day; Ctrl-C ends the command on the hosts. It takes no lock and takes nothing out of rotation: what it restarts is felt by users, and it may meet a deploy.',
    ],
    codes: {
      0: 'it ended well on every host',
      1: 'it did not, or a host could not be reached',
      2: usual[2],
      130: 'interrupted',
    },
    examples: [
      ['zdr-deploy production exec pm2 ls', 'several words'],
      ["zdr-deploy production exec 'ls $SHARED | wc -l'", 'a text for a shell'],
    ],
  },
  plan: {
    about: [
      'Shows the commit, the batches, and which command runs when. It changes nothing that runs, and takes no lock: it only fetches into one host’s own copy of the repository, below `path`.',
    ],
    codes: { 0: 'a deploy would come to its end', 1: 'it would not, or that could not be seen', 2: usual[2] },
    examples: [
      ['zdr-deploy production plan', 'what a deploy would do'],
      ['zdr-deploy production plan --rollback', 'what going back would do'],
    ],
  },
  status: {
    about: [
      'Host by host: release, commit, whether it is in rotation, healthy, since when; who deploys now, and whether that waits for a yes; which deploy was cut off last. Changes nothing, and takes no lock.',
    ],
    codes: { 0: 'all is well', 1: usual[1], 2: usual[2], 4: 'someone should look' },
    examples: [['zdr-deploy production status --json', 'for a program']],
  },
  resume: {
    about: [`${cutOff} it goes on to that deploy's own commit.`],
    codes: {
      ...rolling,
      0: 'the answer was given; or that deploy was ended, with every host verified',
      1: 'what was there could not be seen; or failed before anything a user could feel',
      2: 'usage or configuration; or no deploy waits, and none was cut off',
      5: 'the last deploy is under way, or was cut off less than a minute ago',
    },
    examples: [['zdr-deploy production resume', 'yes, go on']],
  },
  abort: {
    about: [`${cutOff} it takes every host back to what ran before it.`],
    codes: {
      ...rolling,
      0: 'the answer was given; or every host is verified on what ran before',
      1: 'what was there could not be seen; or failed before anything a user could feel',
      2: 'usage or configuration; or no deploy waits, and none was cut off',
      5: 'the last deploy is under way, or was cut off less than a minute ago',
    },
    examples: [['zdr-deploy production abort', 'no, go back']],
  },
  unlock: {
    about: [
      'Says who has the lock, and asks before it takes it from them. Whoever had it changes nothing more, and what it left running on the hosts is ended; but for a migration, which ends by itself.',
    ],
    codes: {
      0: 'nobody has the lock any more, or another one has taken it since',
      1: 'the lock is left as it is, or not every machine could be looked at',
      2: 'usage or configuration; or nobody can be asked here, and there is no --force',
    },
    examples: [['zdr-deploy production unlock --force', 'does not ask']],
  },
  doctor: {
    about: [
      'Looks at the configuration, at every host and at the balancer, also before any setup, and changes nothing on any machine. Prints what is wrong: errors (they stand in the way of a deploy, or fail requests with each), warnings, notes; each with what follows from it, and the line to write. It goes on where a host cannot be reached or a key is wrong. Takes no lock.',
    ],
    codes: {
      0: 'nothing is wrong, or nothing worse than a warning',
      2: 'usage, or the configuration cannot be read',
      4: 'there are errors',
    },
    examples: [['zdr-deploy production doctor', 'with the block that you have for pm2 deploy']],
  },
  setup: {
    about: [
      'Makes the folders on the hosts, sees that they can fetch the ref, and makes the nginx files on the balancer: this once it takes root or `sudo -n` there; without, the script for whoever may is printed. It never edits your site: it tells you the lines. May be repeated, and has to be after hosts or `batch` were changed.',
      'A host that `pm2 deploy` set up is taken over: its `source` becomes the release that the first deploy goes back to, and its processes go on. Files in it that are not in the repository are listed, and each has to be named under `shared` or `ignore` before. --undo gives such hosts back, as they were, while they run from `source`.',
      'A host that is new in a fleet that serves is left out of rotation. With --hosts only the hosts named are set up, and then get the release that the others run, verified, before they are put in; the others are left alone.',
    ],
    codes: { 0: 'ready', ...usual, 4: 'your site lacks lines, or someone should look' },
    examples: [
      ['zdr-deploy production setup', 'once, before the first deploy'],
      ['zdr-deploy production setup --hosts web-4', 'adds a host to a fleet that serves'],
      ['zdr-deploy production setup --undo', 'gives the hosts back to `pm2 deploy`'],
    ],
  },
  init: {
    about: [
      'Asks a few questions at the terminal, each with a default read from what is there: the ecosystem file, package.json and the lockfile, the git remote, and, over SSH, the upstream of the nginx machine that you name. Then it writes an ecosystem.config.js (with --yaml a deploy.yml), which it has read by then as a deploy would. Each question has an option; where nobody can be asked, what nothing tells has to be said by one.',
      'It never writes over a file: where there is one, it prints what to add to it, and at which line.',
    ],
    codes: {
      0: 'written, or printed',
      1: 'nginx could not be asked',
      2: 'usage, or the file cannot be written',
      130: 'left: nothing was written',
    },
    examples: [
      ['zdr-deploy init --balancer root@10.0.0.2', 'hosts and upstream are read out of nginx there'],
      ['zdr-deploy init --host web-1,web-2=10.0.0.12:4000', 'hosts, with how nginx knows one of them'],
      ['zdr-deploy init --yaml', 'writes a deploy.yml instead'],
    ],
  },
  help: {
    about: [
      'Without a word: the commands and the options. With the name of a command: all about it. `help config` has the keys of the configuration, and `help config <key>` all about one of them.',
    ],
    codes: { 0: 'printed', 2: 'there is no such command or key' },
    examples: [
      ['zdr-deploy help rollback', 'all about a command'],
      ['zdr-deploy help config rollout.batch', 'all about a key; `batch` will do'],
    ],
  },
  completion: {
    about: [
      'Prints a script for bash, zsh or fish, by which the Tab key completes commands, options, environments, hosts behind --skip and --hosts, and keys behind `help config`. For environments and hosts your configuration is read, each time anew.',
      'It completes `zdr-deploy`, not `npx zdr-deploy`. Where the package is installed in a project only, this helps: PATH="$PWD/node_modules/.bin:$PATH"',
    ],
    codes: { 0: 'printed', 2: 'no such shell' },
    examples: [
      ['eval "$(zdr-deploy completion bash)"', 'in ~/.bashrc'],
      ['eval "$(zdr-deploy completion zsh)"', 'in ~/.zshrc, behind compinit'],
      ['zdr-deploy completion fish | source', 'in ~/.config/fish/config.fish'],
    ],
  },
}
