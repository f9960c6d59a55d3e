/** All that was seen, and nothing that was concluded. What could not be seen is null, and nothing is said of it. */
import type { Finding } from '../balancers/balancer.ts'
import type { Directive } from '../balancers/nginx-site.ts'
import type { SiteReport } from '../balancers/site-report.ts'
import type { Place } from '../config/place.ts'
import type { KeyPath, Problem } from '../config/problem.ts'
import type { WrittenApp } from '../config/source.ts'
import type { EnvironmentConfig } from '../config/types.ts'
import type { Checkup } from '../hosts/checkup.ts'
import type { Probe } from '../hosts/probe.ts'
import type { Listed } from '../processes/pm2-look.ts'

export interface Facts {
  readonly environment: string
  readonly written: Written
  /** As far as it could be read. */
  readonly config: EnvironmentConfig | null
  /** An SSH agent runs where we are. */
  readonly hasAgent: boolean
  /** What a deploy leaves free beside a new release. */
  readonly spareBytes: number
  /** Who deploys now. */
  readonly deploying: string | null
  /** Those that were reached, in the configuration's order. */
  readonly hosts: readonly HostFacts[]
  readonly balancers: readonly BalancerFacts[]
  /** What the adapters say themselves: machines not reached, tools, rights, the switch. */
  readonly found: readonly Finding[]
}

/** The configuration file, as its author wrote it. */
export interface Written {
  readonly block: Readonly<Record<string, unknown>>
  readonly apps: readonly WrittenApp[]
  /** What a deploy refuses. The paths are whole. */
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
  readonly place: (path: KeyPath) => Place
}

export interface HostFacts {
  readonly host: string
  readonly probe: Probe
  readonly checkup: Checkup | null
  /** What pm2 runs. */
  readonly processes: readonly Listed[] | null
  /** null: no check is configured. */
  readonly health: HealthFacts | null
  /** Why something of it could not be seen. */
  readonly unseen: readonly string[]
  /** An nginx on the host itself. */
  readonly nginx: NginxFacts | null
}

export interface HealthFacts {
  readonly url: string
  readonly healthy: boolean
  readonly detail: string
  /** A path that nobody has is healthy as well. */
  readonly anyPathIsHealthy: boolean
  /** For how many seconds the app keeps an idle connection open; null where it does not say. */
  readonly keepAliveSeconds: number | null
  /** Who listens on its port, where that is not the app: `nginx in /`. */
  readonly foreignListener: string | null
}

export interface NginxFacts {
  /** `1.22.1` */
  readonly version: readonly number[] | null
  readonly site: readonly Directive[]
}

export interface BalancerFacts {
  readonly host: string
  /** null: no nginx runs there, or its files could not be read. */
  readonly nginx: NginxFacts | null
  /** Why there is none. */
  readonly whyNot: string | null
  /** What the site lacks for the switch, and what the switch would break. */
  readonly report: SiteReport | null
}
