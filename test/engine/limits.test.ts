/** How long a step may take is said once, in the fleet's limits, and told to whatever does it. */
import { expect, test } from 'vitest'
import type { Machine } from '../../src/engine/fleet.ts'
import { UserError } from '../../src/errors.ts'
import { defaultLimits, type Limit, type Limits } from '../../src/hosts/limits.ts'
import { deployment } from './deployment.ts'
import { apps } from './fakes.ts'

const limits: Limits = {
  ...defaultLimits,
  prepare: { timeoutMs: 61_000, setBy: 'timeouts.prepare' },
  migrate: { timeoutMs: 62_000, setBy: 'timeouts.migrate' },
  reload: { timeoutMs: 63_000, setBy: 'timeouts.reload' },
  confirm: { timeoutMs: 7_000, setBy: 'timeouts.confirm' },
}

test('install, migration and reload are told how long they may take, and by which key', async () => {
  const told: unknown[] = []
  const running = apps()
  const on = deployment(['a'], {
    limits,
    health: running.health,
    processesOf: (_, machine) => ({
      ...running.processes(machine),
      reload: async (host, activation, { timeoutMs, setBy }) => {
        told.push(['reload', timeoutMs, setBy])
        return running.processes(machine).reload(host, activation, { timeoutMs })
      },
    }),
  })
  const through = (machine: Machine): Machine => ({
    ...machine,
    depot: {
      ...machine.depot,
      run: async (commands, { what, timeoutMs, setBy, ...rest }) => {
        told.push([what, timeoutMs, setBy])
        return machine.depot.run(commands, { what, timeoutMs, ...rest })
      },
    },
  })
  const order = { migration: { command: 'true', answer: null }, before: ['true'], allowDowntime: true } as const
  expect((await on.run({ through, order })).code).toBe(0)
  expect(told).toEqual([
    ['pre-deploy failed', 61_000, 'timeouts.prepare'],
    ['install or build failed', 61_000, 'timeouts.prepare'],
    ['the migration did not end well, and no host was taken out', 62_000, 'timeouts.migrate'],
    ['reload', 63_000, 'timeouts.reload'],
  ])
})

test('a host that the balancer does not reach is asked for as long as it may take, and the balancer knows the key', async () => {
  const on = deployment(['a', 'b'], { limits })
  const { clock, balancer } = on.fleet
  const left: unknown[] = []
  let firstMs: number | null = null
  Object.assign(balancer, {
    reaches: async (host: string, { timeoutMs, setBy }: Limit) => {
      if (host !== 'a' || on.active()[0] !== on.goal) return
      firstMs ??= clock.now()
      left.push([firstMs + 7_000 - clock.now() - timeoutMs, setBy])
      throw new UserError('host-unreachable', 'no way to the balancer')
    },
  })
  expect((await on.run()).code).toBe(3)
  // Once a second, and each time for as long as is left.
  expect(left).toEqual(Array(7).fill([0, 'timeouts.confirm']))
})
