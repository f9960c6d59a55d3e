import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { hardwareAddress } from './neighbour.ts'
import { demand, SYSTEM_PATH } from './process.ts'

/** A network, a mount table and a process table of the lab's own: no other lab, and nothing of the box, is met in it. */
export interface Ground {
  /** Of its first process, as seen from outside. */
  readonly pid: number
  /** How to run a program in its network, with the box's files and processes: put this before the program's own words. */
  readonly inNetwork: readonly [string, ...string[]]
  /** Runs a program in its network and mount table. Rejects where it fails. */
  demand(file: string, args: readonly string[]): Promise<string>
  /** Ends every process in it, and with them its mounts and its network. May be called twice. */
  close(): Promise<void>
}

export const DEPLOYER_ADDRESS = '10.77.0.1'
export const BRIDGE = 'br0'

/**
 * Everything that a lab makes lives in namespaces that are held by one process, which dies with the process that started
 * the lab: so there is nothing to tear down, and nothing is left behind by a run that was killed.
 * @param disks an empty folder, over which the machines' disks are mounted: seen inside only.
 */
export async function openGround(disks: string): Promise<Ground> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...NAMESPACES, 'sh', '-ec', HOLD, 'sh', disks], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit')
  let errors = ''
  child.stderr.on('data', (text) => {
    errors += String(text)
  })
  const first = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = await first.next()
  if (line.done === true) throw new Error(`the lab could not make its namespaces, which needs root:\n${errors}`)
  const pid = Number(line.value)
  return {
    pid,
    inNetwork: ['setpriv', '--pdeathsig', 'KILL', 'nsenter', '-t', String(pid), '-n', '--'],
    demand: (file, args) => demand('nsenter', ['-t', String(pid), '-m', '-n', '--', file, ...args]),
    async close() {
      // The namespace's first process is reaped only when all others in it are gone, so `ended` says that nothing runs.
      if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL')
      await ended
    },
  }
}

const NAMESPACES = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--']

/**
 * /proc is still the box's here, so that this reads its own process id as the box knows it. Without a hardware address of
 * its own a bridge takes one of its ports', and another one with another port.
 */
const HOLD = `
mount -t tmpfs -o mode=755 tmpfs "$1"
ip link set lo up
ip link add ${BRIDGE} address ${hardwareAddress(DEPLOYER_ADDRESS)} type bridge
ip address add ${DEPLOYER_ADDRESS}/24 dev ${BRIDGE}
ip link set ${BRIDGE} up
read pid rest </proc/self/stat
echo "$pid"
exec >/dev/null
while :; do sleep 86400; done
`
