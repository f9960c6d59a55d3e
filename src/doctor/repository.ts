/** What the hosts have of the repository, and whether they can read it. */
import type { Facts, HostFacts } from './facts.ts'
import { type Diagnosis, listed } from './finding.ts'

export function judgeRepository(facts: Facts): readonly Diagnosis[] {
  return [...facts.hosts.flatMap((host) => unreadable(host, facts)), ...commitsDiffer(facts), ...notSetUp(facts)]
}

function unreadable({ host, probe, checkup }: HostFacts, { environment, written }: Facts): readonly Diagnosis[] {
  const said = checkup?.repositoryError ?? null
  if (said === null) return []
  const isUnknownKey = /host key verification failed/i.test(said)
  const finding = {
    weight: 'error',
    hosts: [host],
    text: `${probe.user} cannot read the repository: ${said}`,
    why: 'Each host fetches the release by itself.',
  } as const
  if (isUnknownKey)
    return [
      { ...finding, hint: `as ${probe.user} there, once, and compare the fingerprint: git ls-remote <repo> HEAD` },
    ]
  if (!/permission denied|could not read from remote/i.test(said)) return [finding]
  return [
    {
      ...finding,
      place: written.place(['deploy', environment]),
      key: 'forward-agent',
      hint: "'forward-agent': 'yes',  // or give the host a deploy key of its own",
    },
  ]
}

/** `pm2 deploy` asks for the ref on each host, one after another, and stops at the first failure. */
function commitsDiffer({ hosts }: Facts): readonly Diagnosis[] {
  const known = hosts.flatMap(({ host, checkup }) => (checkup?.commit ? [{ host, commit: checkup.commit }] : []))
  const different = [...new Set(known.map(({ commit }) => commit))]
  if (different.length < 2) return []
  const told = different.map((commit) => {
    const names = known.filter((each) => each.commit === commit).map(({ host }) => host)
    return `${commit.slice(0, 7)} on ${listed(names)}`
  })
  return [
    {
      weight: 'warning',
      hosts: known.map(({ host }) => host),
      text: `the hosts have different commits: ${told.join(', ')}`,
      why: 'Users get one release or the other. pm2 deploy leaves it so where it fails half-way, or somebody pushes meanwhile.',
      hint: 'zdr-deploy <environment>',
    },
  ]
}

function notSetUp({ hosts, environment }: Facts): readonly Diagnosis[] {
  return hosts
    .filter(({ checkup }) => checkup?.isSetUp === false)
    .map(({ host, probe, checkup }) => ({
      weight: 'note',
      hosts: [host],
      text:
        checkup?.isByPm2Deploy === true
          ? `${probe.base} is as pm2 deploy left it`
          : `${probe.base} is not set up for zdr-deploy yet`,
      why:
        checkup?.isByPm2Deploy === true
          ? 'Each deploy changes the one work tree under the running app, and there is no release to go back to.'
          : 'A deploy needs its folders there.',
      hint: `zdr-deploy ${environment} setup`,
    }))
}
