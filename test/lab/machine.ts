import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type BadLine, type BadLineOptions, spoilLine } from './bad-line.ts'
import { type DiskOptions, INIT, makeDisk } from './disk.ts'
import { BRIDGE, type Ground } from './ground.ts'
import { findText, hardwareAddress, loseText } from './neighbour.ts'
import { type RunResult, run, SYSTEM_PATH } from './process.ts'

/** A machine with a network, processes, a name and a disk of its own, and sshd. */
export interface Machine {
  readonly name: string
  readonly address: string
  /** Its disk, as the box sees it: for reading and writing files of it, whether it runs or not. Follow no links there. */
  readonly root: string
  /** Runs shell text on it, past sshd, as root or another user; 30 s at most. An exit status other than 0 is a result. */
  exec(command: string, options?: ExecOptions): Promise<RunResult>
  isOn(): boolean
  /** The power goes: nothing runs any more, and nobody was told. May be called twice. */
  powerOff(): Promise<void>
  /** Starts it on its old disk: sshd and its services, and not the app, unless `resurrect` asks pm2 for it. */
  powerOn(options?: { readonly resurrect?: boolean }): Promise<void>
  /** Pulls the network cable, and puts it in again. */
  cut(): Promise<void>
  mend(): Promise<void>
  /** What it sends to that address is lost on the way, and nobody is told; ends with `find`. */
  lose(address: string): Promise<void>
  find(address: string): Promise<void>
  /** How to run a program of the box in its network: put this before the program's own words. */
  inNetwork(): readonly [string, ...string[]]
  /** A bad line to it, to and from everybody; ends with `mend`, and with its power. */
  slow(line: BadLineOptions): Promise<void>
}

export interface ExecOptions {
  readonly user?: string
  readonly timeoutMs?: number
}

const EXEC_TIMEOUT_MS = 30_000
const START_TIMEOUT_MS = 20_000

function untilOpen(address: string): string {
  return `until (exec 3<>/dev/tcp/${address}/22) 2>/dev/null; do sleep 0.1; done`
}

/** The bridge's end of a machine's line. */
export function cableOf(name: string): string {
  return `v-${name}`
}

/** Makes a machine and starts it. Resolves when sshd listens. */
export async function startMachine(ground: Ground, disks: string, options: DiskOptions): Promise<Machine> {
  const root = await makeDisk(ground, disks, options)
  const cable = cableOf(options.name)
  let running: Running | null = null
  let badLine: BadLine | null = null
  const straighten = async () => {
    await badLine?.end()
    badLine = null
  }
  const powerOn = async ({ resurrect = false } = {}) => {
    running ??= await boot(ground, `${disks}/${options.name}/root`, { ...options, cable })
    // Whoever asked for it in vain may hold it for lost some seconds longer.
    await ground.demand('timeout', [String(START_TIMEOUT_MS / 1000), 'bash', '-c', untilOpen(options.address)])
    if (resurrect) await machine.exec('pm2 resurrect', { user: 'deploy' })
  }
  const pidNow = (): number => {
    if (running === null) throw new Error(`${options.name} is off`)
    return running.pid
  }
  const machine: Machine = {
    name: options.name,
    address: options.address,
    root,
    exec: async (command, execOptions = {}) => execIn(pidNow(), command, execOptions),
    isOn: () => running !== null,
    async powerOff() {
      if (running === null) return
      const { pid, child } = running
      running = null
      await straighten()
      // The cable first: a machine without power sends no farewell, where a dying kernel would close its connections.
      await ground.demand('ip', ['link', 'delete', cable])
      const ended = once(child, 'exit')
      process.kill(pid, 'SIGKILL')
      await ended
    },
    powerOn,
    cut: async () => void (await ground.demand('ip', ['link', 'set', cable, 'down'])),
    async mend() {
      await straighten()
      await ground.demand('ip', ['link', 'set', cable, 'up'])
    },
    lose: async (address) => void (await execIn(pidNow(), loseText(address, 'eth0'), {})),
    find: async (address) => void (await execIn(pidNow(), findText(address, 'eth0'), {})),
    inNetwork: () => ['setpriv', '--pdeathsig', 'KILL', 'nsenter', '-t', String(pidNow()), '-n', '--'],
    async slow(line) {
      await straighten()
      badLine = await spoilLine(ground, { name: options.name, cables: [cable] }, line)
    },
  }
  await powerOn()
  return machine
}

interface Running {
  readonly pid: number
  readonly child: ChildProcess
}

interface BootOptions {
  readonly name: string
  readonly address: string
  readonly cable: string
}

/** The process id is read before the machine has a /proc of its own, so it is the one that the box knows. */
const BOOT = `read pid rest </proc/self/stat; echo "$pid"; exec chroot "$1" /bin/sh ${INIT}`

async function boot(ground: Ground, root: string, { name, address, cable }: BootOptions): Promise<Running> {
  const inside = ['-t', String(ground.pid), '-m', '-n', '-p', '--', 'unshare', '-m', '-n', '-p', '-u', '-f']
  const child = spawn('nsenter', [...inside, '--kill-child', 'sh', '-c', BOOT, 'sh', root], {
    cwd: '/',
    env: { PATH: SYSTEM_PATH },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const errors: string[] = []
  child.stderr.on('data', (text) => errors.push(String(text)))
  const tooLate = setTimeout(() => child.stdout.destroy(), START_TIMEOUT_MS)
  try {
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const pid = Number((await lines.next()).value)
    if (!Number.isInteger(pid)) throw new Error('no process id')
    await connect(ground, { pid, cable, address })
    child.stdin.end('go\n')
    for (let line = await lines.next(); line.value !== 'ready'; line = await lines.next()) {
      if (line.done === true) throw new Error('it ended, or was not ready in time')
    }
    return { pid, child }
  } catch (cause) {
    throw new Error(`${name} did not start: ${errors.join('')}`, { cause })
  } finally {
    clearTimeout(tooLate)
  }
}

interface Connection {
  readonly pid: number
  readonly cable: string
  readonly address: string
}

async function connect(ground: Ground, { pid, cable, address }: Connection): Promise<void> {
  const words = `link add ${cable} type veth peer name eth0 address ${hardwareAddress(address)} netns ${pid}`
  await ground.demand('ip', words.split(' '))
  await ground.demand('ip', ['link', 'set', cable, 'master', BRIDGE, 'up'])
}

/** `timeout` ends the command inside; ending nsenter from outside would leave it running there. */
function execIn(pid: number, command: string, { user = 'root', timeoutMs = EXEC_TIMEOUT_MS }: ExecOptions) {
  const home = user === 'root' ? '/root' : `/home/${user}`
  const environment = ['env', '-i', `HOME=${home}`, `USER=${user}`, `PATH=${SYSTEM_PATH}`, 'LANG=C.UTF-8']
  const shell = ['timeout', '--kill-after=1', String(timeoutMs / 1000), 'sh', '-c', `cd "$HOME"; ${command}`]
  const inside = ['-t', String(pid), '-m', '-n', '-p', '-u', '-r', '-w', '--', ...environment]
  return run('nsenter', [...inside, 'runuser', '-u', user, '--', ...shell], { timeoutMs: timeoutMs + START_TIMEOUT_MS })
}
