/** The machines themselves: clock, disk, rights, what happens at boot, and who else deploys there. */
import type { Facts, HostFacts } from './facts.ts'
import type { Diagnosis } from './finding.ts'

export function judgeMachines(facts: Facts): readonly Diagnosis[] {
  return facts.hosts.flatMap((host) => [
    ...unseen(host),
    ...clock(host),
    ...disk(host, facts),
    ...rights(host),
    ...sudo(host),
    ...boot(host, facts),
    ...locks(host),
  ])
}

function unseen({ host, unseen: texts }: HostFacts): readonly Diagnosis[] {
  return texts.map((text) => ({
    weight: 'warning',
    hosts: [host],
    text,
    why: 'What it would have told is not judged here.',
  }))
}

/** Below that nothing suffers. */
const clockMaxSeconds = 5

function clock({ host, checkup }: HostFacts): readonly Diagnosis[] {
  const off = checkup?.clockOffSeconds ?? 0
  if (Math.abs(off) < clockMaxSeconds) return []
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: `its clock is ${span(Math.abs(off))} ${off < 0 ? 'behind' : 'ahead of'} the one here`,
      why: 'Sessions, certificates and logs go by it, and so does the age of a lock.',
      hint: 'as root there: timedatectl set-ntp true',
    },
  ]
}

function span(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`
}

const mebibyte = 1024 * 1024

/** A deploy has the new release beside the old one; of its own older ones it removes some where room is short. */
function disk({ host, probe, checkup }: HostFacts, { spareBytes }: Facts): readonly Diagnosis[] {
  const { freeBytes, nearest } = probe
  const release = checkup?.releaseBytes ?? null
  if (freeBytes === null || release === null || freeBytes > Math.max(2 * release, release + spareBytes)) return []
  const isRefused = freeBytes < release + spareBytes && checkup?.isSetUp === false
  return [
    {
      weight: isRefused ? 'error' : 'warning',
      hosts: [host],
      text: `${Math.round(freeBytes / mebibyte)} MiB are free in ${nearest}, and a release takes ${Math.round(release / mebibyte)} MiB`,
      why: `A deploy has the new release beside the old one, and leaves ${spareBytes / mebibyte} MiB free: a full disk takes the running app along.`,
      hint: 'make room there, or keep fewer releases: `keep-releases`',
    },
  ]
}

function rights({ host, probe, checkup }: HostFacts): readonly Diagnosis[] {
  const closed = checkup?.unwritable ?? []
  if (closed.length === 0 || !probe.writable) return []
  return [
    {
      weight: 'error',
      hosts: [host],
      text: `${probe.user} may not write to ${closed.join(', ')}`,
      why: 'Somebody else made it, root most often: a deploy stops there.',
      hint: `as root there: chown -R ${probe.user} ${closed.join(' ')}`,
    },
  ]
}

function sudo({ host, probe, checkup }: HostFacts): readonly Diagnosis[] {
  if (checkup?.maySudo !== false) return []
  return [
    {
      weight: 'error',
      hosts: [host],
      text: `a hook calls sudo, which asks ${probe.user} for a password`,
      why: 'Nobody is there to type it: the command fails.',
      hint: `as root there: visudo -f /etc/sudoers.d/${probe.user}, with: ${probe.user} ALL=(root) NOPASSWD: <the command>`,
    },
  ]
}

function boot({ host, probe, checkup, processes }: HostFacts, { config }: Facts): readonly Diagnosis[] {
  const mine = (processes ?? []).filter(({ inBase, forgotten }) => inBase && forgotten !== true)
  const unsaved = [...new Set(mine.map(({ name }) => name))].filter((name) => checkup?.saved.includes(name) !== true)
  if (checkup === null || checkup.startsAtBoot === null || mine.length === 0) return []
  const node = probe.tools.find(({ name }) => name === 'node')?.location.replace(/\/[^/]*$/, '') ?? '/usr/bin'
  const pm2 = probe.tools.find(({ name }) => name === 'pm2')?.location ?? 'pm2'
  if (!checkup.startsAtBoot)
    return [
      {
        weight: 'warning',
        hosts: [host],
        text: 'nothing starts pm2 at boot',
        why: 'After a reboot the app is down until somebody logs in.',
        hint: `as root there: env PATH=$PATH:${node} ${pm2} startup systemd -u ${probe.user} --hp ${probe.home}; then, as ${probe.user}: pm2 save`,
      },
    ]
  if (unsaved.length === 0) return []
  const isSavedHere = config?.split.activate.some((text) => text.includes('pm2 save')) === true
  return [
    {
      weight: 'warning',
      hosts: [host],
      text: `pm2 has not saved ${unsaved.join(', ')} for the next boot`,
      why: 'After a reboot it is not started.',
      hint: isSavedHere
        ? `as ${probe.user} there: pm2 save`
        : `as ${probe.user} there: pm2 save; and at the end of \`post-deploy\`: && pm2 save`,
    },
  ]
}

function locks({ host, checkup }: HostFacts): readonly Diagnosis[] {
  return (checkup?.locks ?? []).map(({ file, ageSeconds }) => ({
    weight: 'warning',
    hosts: [host],
    text: `${file} is there, for ${span(ageSeconds)}`,
    why: 'Another deploy tool is at work, or was cut off and left it: zdr-deploy does not heed it.',
    hint: `where nobody deploys: rm -r ${file}`,
  }))
}
