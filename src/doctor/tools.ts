/** What is installed on the hosts, and who finds it. */
import type { Facts } from './facts.ts'
import { type Diagnosis, listed } from './finding.ts'

export function judgeTools(facts: Facts): readonly Diagnosis[] {
  return [...hiddenTools(facts), ...versionsDiffer(facts)]
}

function hiddenTools({ hosts }: Facts): readonly Diagnosis[] {
  return hosts.flatMap(({ host, probe }): readonly Diagnosis[] => {
    const hidden = probe.tried.find(({ from }) => from === 'plain')?.missing ?? []
    if (probe.path === null || hidden.length === 0) return []
    const places = probe.tools.filter(({ name }) => hidden.includes(name)).map(({ location }) => location)
    return [
      {
        weight: 'note',
        hosts: [host],
        text: `${listed(hidden)} ${hidden.length === 1 ? 'is' : 'are'} not on the PATH of a shell that is no login shell`,
        why: `Hooks of pm2 deploy, cron and \`ssh ${host} pm2 ls\` do not find ${hidden.length === 1 ? 'it' : 'them'}; zdr-deploy takes the PATH of the ${pathOwner(probe.path.from)}.`,
        hint: `as root there: ln -s ${places.join(' ')} /usr/local/bin/`,
      },
    ]
  })
}

function pathOwner(from: string): string {
  return from.endsWith('shell') ? from : 'folders where nvm, volta and asdf put it'
}

function versionsDiffer({ hosts }: Facts): readonly Diagnosis[] {
  const versions = hosts.flatMap(({ host, probe }) =>
    probe.tools
      .filter(({ name, version }) => name === 'node' && version !== '')
      .map(({ version }) => ({ host, version })),
  )
  const different = [...new Set(versions.map(({ version }) => version))].toSorted(byVersion)
  const newest = different.at(-1)
  if (newest === undefined || different.length < 2) return []
  const told = different.map((version) => `${version} on ${listed(on(versions, version))}`)
  return [
    {
      weight: 'warning',
      hosts: versions.map(({ host }) => host),
      text: `Node is not the same everywhere: ${told.join(', ')}`,
      why: 'A release that runs on one host may fail on the next: native modules, syntax.',
      hint: `install ${newest} on ${listed(versions.filter(({ version }) => version !== newest).map(({ host }) => host))}`,
    },
  ]
}

function on(versions: readonly { readonly host: string; readonly version: string }[], wanted: string) {
  return versions.filter(({ version }) => version === wanted).map(({ host }) => host)
}

function byVersion(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true })
}
