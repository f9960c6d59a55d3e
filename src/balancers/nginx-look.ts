/** An nginx as its files say it is, read by whoever is logged in: nothing is run as root, and nothing is changed. */
import { UserError } from '../errors.ts'
import type { Host } from '../hosts/host.ts'
import type { Limit } from '../hosts/limits.ts'
import { within } from '../hosts/within.ts'
import { findNginx } from './nginx-setup.ts'
import { type Directive, readSite } from './nginx-site.ts'
import { filesScript } from './setup-scripts.ts'

export interface NginxLook {
  /** `[1, 22, 1]`; null where it does not say. */
  readonly version: readonly number[] | null
  readonly site: readonly Directive[]
}

export interface NginxMeant {
  /** The main file (`-c`) of the one that is meant, where several run. */
  readonly config?: string | undefined
  readonly limit: Limit
}

/** `nginx -T` would take root, and opens logs. sudo, only asked, tells its administrator of a user who may not. */
const withoutSudo = 'sudo() { return 1; }'

/** Rejects with UserError `balancer` where none runs, several run and none is meant, or its files cannot be read. */
export async function lookAtNginx(machine: Host, { config, limit }: NginxMeant): Promise<NginxLook> {
  const meant = config === undefined ? {} : { nginxConfig: config }
  const { master } = await findNginx(within(machine, withoutSudo), { ...meant, limit })
  const { code, stdout, stderr } = await machine.run(filesScript(master), limit)
  const [first = '', ...rest] = stdout.split('\n')
  const version = /^version \S+?\/(\d+)\.(\d+)\.(\d+)/.exec(first)
  // Of an output that is too long, the beginning is gone.
  if (code === 0 && first.startsWith('version '))
    return { version: version === null ? null : version.slice(1).map(Number), site: readSite(rest.join('\n')) }
  throw new UserError('balancer', `the nginx configuration of ${machine.name} cannot be read`, { output: stderr })
}
