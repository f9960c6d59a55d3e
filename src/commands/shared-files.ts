/** What `shared` and `upload` need before a deploy begins: here, and on the hosts. */
import { readFile } from 'node:fs/promises'
import type { Finding } from '../balancers/balancer.ts'
import type { EnvironmentConfig, HostConfig, LocalFile } from '../config/types.ts'
import { everywhere } from '../engine/everywhere.ts'
import type { Fleet, Machine } from '../engine/fleet.ts'
import { findingOf } from '../engine/look.ts'
import { UserError } from '../errors.ts'
import type { Upload } from '../hosts/sharing.ts'
import { command } from '../hosts/shell.ts'
import { leftFindings } from './take-over.ts'

/** It travels as text inside a script. */
const bytesMax = 1024 * 1024

/** Rejects with UserError `config`, which names every file that cannot be had, before anything is touched. */
export async function readUploads({ uploads }: Pick<EnvironmentConfig, 'uploads'>): Promise<readonly Upload[]> {
  const read = await Promise.all(uploads.map(readUpload))
  const problems = read.flatMap((each) => (typeof each === 'string' ? [each] : []))
  if (problems.length > 0) throw new UserError('config', problems.join('\n'))
  return read.flatMap((each) => (typeof each === 'string' ? [] : [each]))
}

/** What is wrong with it where it cannot be brought. */
async function readUpload({ file, to, where }: LocalFile): Promise<Upload | string> {
  try {
    const content = await readFile(file)
    if (content.length <= bytesMax) return { to, content }
    return `${where} has more than 1 MiB, and is meant for configuration: copy it to the hosts, and name it under \`shared\` alone`
  } catch (error) {
    return `${where} cannot be read here: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What a new release would lack on a host: of `shared`, and of what `pm2 deploy` left. */
export async function lackingBefore(
  config: EnvironmentConfig,
  fleet: Pick<Fleet, 'machines'>,
): Promise<readonly Finding[]> {
  return (await Promise.all([lackingFindings(config, fleet), leftFindings(config, fleet)])).flat()
}

/** Shared files that are not on a host, and that nothing brings there. */
export async function lackingFindings(
  { hosts, shared, uploads }: Pick<EnvironmentConfig, 'hosts' | 'shared' | 'uploads'>,
  { machines }: Pick<Fleet, 'machines'>,
): Promise<readonly Finding[]> {
  const files = shared.filter((path) => !path.endsWith('/') && !uploads.some(({ to }) => to === path))
  if (files.length === 0) return []
  const looked = await everywhere(machines, async (machine) => ({
    machine,
    lacking: await machine.depot.lacking(files),
  }))
  return looked.flatMap((each) => {
    if (!each.ok) return [findingOf(each.item.name, each.error)]
    const { machine, lacking } = each.value
    return lacking.map((file) => lackingFinding(file, machine, hosts))
  })
}

function lackingFinding(file: string, { name, layout }: Machine, hosts: EnvironmentConfig['hosts']): Finding {
  const config = hosts.find((host) => host.name === name)
  const target = `${layout.shared}/${file}`
  return {
    weight: 'error',
    host: name,
    text: `${target} is not there, and \`shared\` names ${file}`,
    hint: `Put it there: \`${copyLine(config, file, target)}\` (\`setup\` makes the folders), or let each deploy bring it: \`upload: { '<file here>': '${file}' }\`. A folder is named with a / behind it, and made.`,
  }
}

function copyLine(host: HostConfig | undefined, file: string, target: string): string {
  if (host === undefined || host.isLocal) return command('cp', file, target)
  const at = `${host.user === undefined ? '' : `${host.user}@`}${host.address}`
  const port = host.port === undefined ? [] : ['-P', String(host.port)]
  return command('scp', ...port, file, `${at}:${target}`)
}
