/** What the tests need from the machine that they run on, by name; missing packages are installed where we may. */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Program → Debian package. */
const PROGRAMS = {
  nginx: 'nginx',
  sshd: 'openssh-server',
  ssh: 'openssh-client',
  'ssh-keygen': 'openssh-client',
  git: 'git',
  perl: 'perl',
  curl: 'curl',
  ip: 'iproute2',
  ss: 'iproute2',
  ps: 'procps',
  pkill: 'procps',
  mount: 'mount',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  runuser: 'util-linux',
  useradd: 'passwd',
}

/** Only the completion is tried in them: a machine without them can do everything else. */
const SHELLS = { zsh: 'zsh', fish: 'fish' }

/** An ordinary user's PATH often lacks the sbin folders, where nginx and sshd lie. */
const FOLDERS = [...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'])]

const INSTALL_TIMEOUT_MS = 240_000
const TRIAL_TIMEOUT_MS = 20_000

/**
 * The names of what the lab needs and this machine lacks: programs, `root`, and `namespaces`. Empty where all is there.
 * As root on a system with apt-get, missing programs are installed first.
 * @param {{ install: boolean }} options
 * @returns {string[]}
 */
export function missingFromSystem({ install }) {
  const isRoot = process.getuid?.() === 0
  if (install && isRoot) installPrograms(missingPrograms())
  const missing = missingPrograms()
  if (!isRoot) return ['root', ...missing]
  return missing.length === 0 && !canMakeMachines() ? ['namespaces'] : missing
}

/**
 * The shells that this machine lacks; as root on a system with apt-get, they are installed first.
 * @returns {string[]}
 */
export function missingShells() {
  if (process.getuid?.() === 0) installPrograms(missingPrograms(Object.keys(SHELLS)))
  return missingPrograms(Object.keys(SHELLS))
}

/**
 * @param {string[]} names
 * @returns {string[]}
 */
export function missingPrograms(names = Object.keys(PROGRAMS)) {
  return names.filter((name) => !FOLDERS.some((folder) => isExecutable(join(folder, name))))
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Installs the packages of these programs, as root, on a system with apt-get; elsewhere it does nothing.
 * @param {string[]} programs
 */
export function installPrograms(programs) {
  if (programs.length === 0) return
  const packages = [...new Set(programs.map((name) => PROGRAMS[name] ?? SHELLS[name]))]
  if (!FOLDERS.some((folder) => isExecutable(join(folder, 'apt-get')))) return
  console.log(`Installing from the system's packages: ${packages.join(', ')}`)
  const run = (...words) =>
    spawnSync('apt-get', words, {
      stdio: 'inherit',
      timeout: INSTALL_TIMEOUT_MS,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  run('update')
  run('install', '--yes', '--no-install-recommends', ...packages)
}

/** Root in a container may be root in name only: so it is tried. */
function canMakeMachines() {
  const folder = mkdtempSync(join(tmpdir(), 'zdr-system-'))
  const spaces = ['--mount', '--net', '--pid', '--uts', '--fork', '--kill-child', '--']
  const { status } = spawnSync('unshare', [...spaces, 'sh', '-ec', TRIAL, 'sh', folder], { timeout: TRIAL_TIMEOUT_MS })
  rmSync(folder, { recursive: true })
  return status === 0
}

const TRIAL = `
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
ip link add br0 type bridge
ip link add v0 type veth peer name v1
`
