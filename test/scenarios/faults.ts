/** A step that fails although machines and lines are well: nothing was done, or all of it and nobody knows. */
import { UserError } from '../../src/errors.ts'
import type { Depot } from '../../src/hosts/depot.ts'
import type { Processes } from '../../src/processes/processes.ts'
import type { Ports } from '../simulation/fleet/ports.ts'

export type Fault = 'not done' | 'done all the same'

/** Of the steps that are under way now: `reload web-2`, `take-out`. */
export type Faults = Map<string, Fault>

export function createFaults(): Faults {
  return new Map()
}

type Meddle = (steps: readonly string[], work: () => Promise<void>) => Promise<void>

export function withFaults(ports: Ports, faults: Faults): Ports {
  const { machines, balancer, processesOf } = ports
  const meddle: Meddle = async (steps, work) => {
    const step = steps.find((each) => faults.has(each))
    const fault = step === undefined ? undefined : faults.get(step)
    if (step !== undefined) faults.delete(step)
    if (fault !== 'not done') await work()
    if (fault !== undefined) throw new UserError('host-command', reasonOf(step ?? ''))
  }
  return {
    ...ports,
    machines: machines.map((machine) => ({ ...machine, depot: depotWith(machine, meddle) })),
    balancer: {
      ...balancer,
      publish: (change) => meddle(['take-out', 'put-back'], () => balancer.publish(change)),
      drained: (host, options) => meddle([`drain ${host}`], () => balancer.drained(host, options)),
      reaches: (host, options) => meddle([`verify ${host}`, `confirm ${host}`], () => balancer.reaches(host, options)),
    },
    processesOf: (manager) => processesWith(processesOf(manager), meddle),
  }
}

function depotWith({ name, depot }: Ports['machines'][number], meddle: Meddle): Depot {
  return {
    ...depot,
    guarded: (token) => {
      const guarded = depot.guarded(token)
      const activate = (release: string) => meddle([`activate ${name}`], () => guarded.depot.activate(release))
      return { ...guarded, depot: { ...guarded.depot, activate } }
    },
  }
}

function processesWith(processes: Processes, meddle: Meddle): Processes {
  return {
    ...processes,
    reload: async (host, activation, options) => {
      const before = await processes.running(host)
      await meddle([`reload ${host.name}`], async () => {
        await processes.reload(host, activation, options)
      })
      return before
    },
    stop: (host, activation, limit) => meddle([`stop ${host.name}`], () => processes.stop(host, activation, limit)),
  }
}

function reasonOf(step: string): string {
  if (step.startsWith('activate')) return 'no space left on device'
  if (step.startsWith('reload') || step.startsWith('stop')) return 'pm2 ended with 1'
  return 'the balancer gave no clear answer'
}
