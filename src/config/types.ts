/** A checked configuration: every default filled in, every time in milliseconds, nothing left to interpret. */
import type { Limits } from '../hosts/limits.ts'
import type { Algorithms } from '../hosts/ssh-algorithms.ts'
import type { Batch } from '../rollout/model.ts'

export interface HostConfig {
  /** Unique in the fleet: the address as written, with `:port` behind it where two hosts differ by that only. */
  readonly name: string
  /** Name or IP as written, without `user@`; an alias of ~/.ssh/config is resolved by `hosts/ssh-config.ts`, not here. */
  readonly address: string
  /** `localhost`, which is reached without SSH: none of the three below means anything there. */
  readonly isLocal: boolean
  /** undefined: as ~/.ssh/config says, else the local user / 22. */
  readonly user: string | undefined
  readonly port: number | undefined
  /** Private key files, `~` expanded. Empty: agent, ssh config and the usual files. */
  readonly keys: readonly string[]
  /** How the balancer knows it: `10.0.0.11:4000`. null where there is no health port and no `server`. */
  readonly server: string | null
}

/** Of OpenSSH's options, what makes sense over ssh2. */
export interface SshOptions {
  /** undefined: as ~/.ssh/config says, else 'yes'. */
  readonly strictHostKeyChecking: 'yes' | 'no' | 'accept-new' | undefined
  /** Absolute, in order. Empty: ~/.ssh/known_hosts, ~/.ssh/known_hosts2, /etc/ssh/ssh_known_hosts. */
  readonly knownHostsFiles: readonly string[]
  readonly proxyJump: string | null
  /** undefined: as ~/.ssh/config says, else no. */
  readonly forwardAgent: boolean | undefined
  /** A socket, `none`, or `SSH_AUTH_SOCK`. undefined: as ~/.ssh/config says, else SSH_AUTH_SOCK. */
  readonly identityAgent: string | undefined
  readonly algorithms: Algorithms
}

export interface HealthConfig {
  readonly url: string
  /** Accepted statuses; the default is 200–299 (redirects are not followed). */
  readonly statuses: readonly number[] | null
  readonly timeoutMs: number
  /** So many healthy answers in a row. */
  readonly passes: number
  readonly intervalMs: number
  /** How long the processes must stay up, and healthy, before they are trusted. */
  readonly stableMs: number
  /** How long a new release may take until its first healthy answer. */
  readonly startMs: number
}

export interface BalancerConfig {
  readonly type: 'nginx'
  readonly machines: readonly HostConfig[]
  readonly upstream: string
  /** The loopback port at which nginx tells what it runs. */
  readonly statusPort: number
  /** nginx's main file, to tell it from others on the machine; our two files go beside it. undefined: the one that runs. */
  readonly config: string | undefined
  /** Where the switch file is. undefined: `/var/lib/zdr-deploy/<upstream>`. */
  readonly folder: string | undefined
}

export interface RolloutConfig {
  /** Fixed groups of host names, in the configuration's order; one host each where there is no balancer. */
  readonly batches: readonly Batch[]
  /** In words: each batch that was made smaller, and why. */
  readonly cuts: readonly string[]
  readonly minServing: number
  /** Nobody wrote it: of a fleet that goes on without a host it is another one. */
  readonly minServingIsDefault: boolean
  readonly onFailure: 'rollback' | 'stop'
  readonly drainTimeoutMs: number
  readonly onDrainTimeout: 'fail' | 'continue'
  /** How long a batch must stay healthy in rotation. 0: not at all. */
  readonly soakMs: number
  /** How long a pause waits for its answer. */
  readonly pauseTimeoutMs: number
}

/** A file of the deployer's disk that is brought to the hosts. What is in it is never shown. */
export interface LocalFile {
  /** Absolute. */
  readonly file: string
  /** As written. */
  readonly shown: string
  /** One of `shared`. */
  readonly to: string
  /** Where that is written: file, line and key. */
  readonly where: string
}

/** What a chain of commands becomes: see `split.ts`. */
export interface Split {
  /** Done beside the running app, in the new release, one after another in one shell. */
  readonly prepare: readonly string[]
  /** Before that, an install by the lockfile of the release: nobody says another, and nothing else could be one. */
  readonly byLockfile: boolean
  /** Done while the host is out. What earlier commands set up for later ones (`cd`, `export`, …) stands in both. */
  readonly activate: readonly string[]
  readonly manager: 'pm2' | 'command'
  /** In words, why it was (not) split so; for `plan`. */
  readonly reason: string
}

export interface EnvironmentConfig {
  /** As given or found, for messages. */
  readonly file: string
  readonly environment: string
  readonly hosts: readonly HostConfig[]
  readonly ssh: SshOptions
  readonly repo: string
  readonly ref: string
  /** As written; a leading `~` is the *host's* home. */
  readonly path: string
  /** null: the whole history. */
  readonly depth: number | null
  readonly env: Readonly<Record<string, string>>
  readonly hooks: {
    readonly preSetup: readonly string[]
    readonly postSetup: readonly string[]
    readonly preDeployLocal: readonly string[]
    readonly postDeployLocal: readonly string[]
    readonly onFailureLocal: readonly string[]
    readonly preDeploy: readonly string[]
  }
  readonly split: Split
  /** Run once for a release, on one host, before the first batch. */
  readonly migrate: string | null
  /** Below `<path>/shared`, linked into each release; a folder ends with `/`. */
  readonly shared: readonly string[]
  readonly uploads: readonly LocalFile[]
  /** What lies untracked in another tool's release, and is not taken over. As `shared`. */
  readonly ignore: readonly string[]
  readonly health: HealthConfig | null
  readonly balancer: BalancerConfig | null
  readonly rollout: RolloutConfig
  readonly timeouts: Limits
  /** At least 2. */
  readonly keepReleases: number
  /** What the user should know and need not mend before this run. */
  readonly warnings: readonly string[]
}
