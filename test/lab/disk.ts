import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Ground } from './ground.ts'

export interface DiskOptions {
  readonly name: string
  readonly address: string
  /** Public keys that open each user's door. The users are made. */
  readonly users: Readonly<Record<string, readonly string[]>>
  /** Of the machine itself, for sshd. */
  readonly hostKey: string
  /** `address name` of every machine. */
  readonly hostsFile: string
  /** The host keys of every machine, for ssh from this one. */
  readonly knownHosts: string
  /** Further files, by path: the whole text. */
  readonly files: Readonly<Record<string, string>>
  /** Shell text that runs once as root when the disk is made, with the users and files in place. */
  readonly prepare: string
  /** Shell text that runs as root at every start, after sshd is up. */
  readonly services: string
}

/** Where the lab's own things lie on a machine: Node, and the packages of this project (pm2). */
const LAB = '/opt/zdr-lab'
const NODE_FOLDER = dirname(dirname(process.execPath))
const PACKAGES_FOLDER = fileURLToPath(new URL('../../node_modules', import.meta.url))

/**
 * Lays a disk over the box's own root: what a machine writes is its own, and stays until the lab ends.
 * Node and pm2 are mounted beside it, since the box may keep them where only root may look.
 * @returns the path of the machine's root, as the box sees it.
 */
export async function makeDisk(ground: Ground, disks: string, options: DiskOptions): Promise<string> {
  const folder = join(disks, options.name)
  await ground.demand('sh', ['-ec', MOUNT, 'sh', folder, NODE_FOLDER, PACKAGES_FOLDER])
  const root = `/proc/${ground.pid}/root${folder}/root`
  for (const [path, text] of Object.entries(filesOf(options))) {
    await mkdir(dirname(root + path), { recursive: true })
    await writeFile(root + path, text, { mode: path === HOST_KEY ? 0o600 : 0o644 })
  }
  await ground.demand('chroot', [`${folder}/root`, 'sh', '-ec', prepareScript(options)])
  return root
}

const MOUNT = `
mkdir -p "$1/up" "$1/work" "$1/root" "$1/bin"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
mount --bind /dev "$1/root/dev"
mkdir -p "$1/root${LAB}/node" "$1/root${LAB}/node_modules" "$1/root/usr/local/bin"
mount --bind "$2" "$1/root${LAB}/node"
mount --bind "$3" "$1/root${LAB}/node_modules"
ln -s ${LAB}/node/bin/node ${LAB}/node/bin/npm ${LAB}/node/bin/npx ${LAB}/node_modules/pm2/bin/pm2 "$1/bin"
mount --bind "$1/bin" "$1/root/usr/local/bin"
`

/** The script that is a machine's first process. */
export const INIT = '/etc/zdr-lab/init'
const HOST_KEY = '/etc/ssh/lab_host_key'

function filesOf(options: DiskOptions): Record<string, string> {
  const keys = Object.entries(options.users).map(([user, lines]) => [`/etc/ssh/authorized/${user}`, lines.join('')])
  return {
    ...Object.fromEntries(keys),
    ...options.files,
    [HOST_KEY]: options.hostKey,
    [INIT]: initScript(options),
    '/etc/hosts': `127.0.0.1 localhost\n::1 localhost\n${options.hostsFile}`,
    '/etc/ssh/ssh_known_hosts': options.knownHosts,
    '/etc/ssh/sshd_config': SSHD_CONFIG,
  }
}

const SSHD_CONFIG = `HostKey ${HOST_KEY}
AuthorizedKeysFile /etc/ssh/authorized/%u
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
Subsystem sftp internal-sftp
`

/** A password of `*` is none that could be typed, on an account that is not locked: sshd refuses a locked one. */
function prepareScript(options: DiskOptions): string {
  const users = Object.keys(options.users).map((user) => `id ${user} || useradd -m -s /bin/bash -p '*' ${user}`)
  return ['exec >/dev/null 2>&1', ...users, 'exec >&2', options.prepare].join('\n')
}

/** It reaps what its machine leaves behind: pm2 takes a dead process that was not reaped for a living one. */
function initScript({ name, address, services }: DiskOptions): string {
  return `read go
set -e
hostname ${name}
mount -t proc proc /proc
mount -t tmpfs -o mode=1777 tmpfs /tmp
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=700 tmpfs /root
mkdir /run/sshd /run/lock
ip link set lo up
ip address add ${address}/24 dev eth0
# As a machine does that starts: whoever asked for it in vain is told that it is there.
echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify
ip link set eth0 up
/usr/sbin/sshd -E /var/log/sshd.log
${services}
echo ready
exec >/dev/null 2>&1 </dev/null
set +e
while :; do sleep 86400; done
`
}
