/** The process manager of imagined hosts. */
import { UserError } from '../../../src/errors.ts'
import type { Host } from '../../../src/hosts/host.ts'
import type { Process, Processes } from '../../../src/processes/processes.ts'
import { reloadApp, stopApp } from './app.ts'
import { errand } from './errand.ts'
import type { At } from './fake-host.ts'
import type { App, AppProcess } from './world.ts'

const lookTimeoutMs = 30_000
const stopTimeoutMs = 60_000

/** `at`: which machine a host is, and for whom. */
export function fakeProcesses(kind: Processes['kind'], at: (host: Host) => At): Processes {
  return {
    kind,
    tools: [],
    running: (host) => {
      const { seat, box } = at(host)
      const what = 'its processes could not be listed'
      return errand(seat, {
        what,
        code: 'host-command',
        timeoutMs: lookTimeoutMs,
        fence: null,
        work: () => listed(box.app),
      })
    },
    isPinned: () => false,
    reload: (host, { commands }, { timeoutMs, onLine }) => {
      const { seat, box, fence } = at(host)
      return errand(seat, {
        what: 'the commands that reload the app failed',
        code: 'host-command',
        timeoutMs,
        fence,
        canBeHalf: true,
        work: async (work) => {
          const before = listed(box.app)
          if (box.disk.current.kind !== 'release' || commands.includes('false'))
            throw new UserError('host-command', `${box.name}: the commands that reload the app failed`)
          await reloadApp(seat.world, box, work)
          if (seat.deployer.life === 'alive') onLine?.('reloaded', 'stdout')
          return before
        },
      })
    },
    stop: (host) => {
      const { seat, box, fence } = at(host)
      const what = 'its processes could not be stopped'
      const work = { what, code: 'host-command', timeoutMs: stopTimeoutMs, fence, canBeHalf: true } as const
      return errand(seat, { ...work, work: (order) => stopApp(seat.world, box, order) })
    },
    log: async () => '',
  }
}

function listed({ processes, mode }: App): readonly Process[] {
  return processes.map((process) => processOf(process, mode))
}

function processOf({ pid, directory, status, restarts }: AppProcess, mode: Process['mode']): Process {
  const script = `${directory}/server.js`
  return { name: 'shop', pid, status, cwd: directory, script, restarts, mode }
}
