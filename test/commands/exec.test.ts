import { mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Executing, execute } from '../../src/commands/exec.ts'
import { folder, localMachine } from '../engine/ground.ts'
import { context } from './environment.ts'

function fleetOf(names: readonly string[]) {
  const base = folder()
  const machines = names.map((name) => localMachine(name, join(base, name)))
  for (const { layout } of machines) mkdirSync(layout.current, { recursive: true })
  const { report, reports, onInterrupt, interrupt } = context()
  const run = (command: string, change: Partial<Executing> = {}) =>
    execute({ machines, unreached: [], command, env: {}, report, onInterrupt, ...change })
  const printed = (stream: 'stdout' | 'stderr') =>
    reports
      .flatMap((each) => (each.type === 'printed' && each.stream === stream ? [`${each.host} ${each.line}`] : []))
      .toSorted()
  return { run, printed, machines, reports, interrupt }
}

test('a command runs in the current release of every host, with the env and $SHARED of a hook', async () => {
  const { run, printed, machines } = fleetOf(['web-1', 'web-2'])
  expect(await run('pwd; echo "$SHARED $MODE"', { env: { MODE: "it's" } })).toBe(0)
  expect(printed('stdout')).toEqual(
    machines.flatMap(({ name, layout }) => [`${name} ${layout.current}`, `${name} ${layout.shared} it's`]).toSorted(),
  )
})

test('both streams are told apart', async () => {
  const { run, printed } = fleetOf(['web-1'])
  await run('echo out; echo err >&2')
  expect([printed('stdout'), printed('stderr')]).toEqual([['web-1 out'], ['web-1 err']])
})

test('one that fails somewhere fails, with the hosts and how it ended there; the others have run it', async () => {
  const { run, reports } = fleetOf(['web-1', 'web-2'])
  const failing = run('case $SHARED in */web-2/*) exit 3 ;; esac', { unreached: ['cannot reach web-3: no route'] })
  await expect(failing).rejects.toMatchObject({
    code: 'host-command',
    message: 'The command did not end well on 2 of 3 hosts.\ncannot reach web-3: no route\nweb-2: ended with 3',
  })
  expect(reports).toContainEqual({ type: 'ran', host: 'web-1', code: 0, reason: '' })
  expect(reports).toContainEqual({ type: 'ran', host: 'web-2', code: 3, reason: 'ended with 3' })
})

test('where nothing was deployed yet, that is said, and nothing is run there', async () => {
  const { run, machines, printed } = fleetOf(['web-1', 'web-2'])
  for (const { name, layout } of machines) if (name === 'web-2') rmdirSync(layout.current)
  await expect(run('echo here')).rejects.toMatchObject({
    message: 'The command did not end well on 1 of 2 hosts.\nweb-2: nothing was deployed there yet',
  })
  expect([printed('stdout'), printed('stderr')]).toEqual([['web-1 here'], []])
})

test('an interruption ends it on every host', async () => {
  const { run, interrupt, reports } = fleetOf(['web-1', 'web-2'])
  let begun = 0
  const running = run('echo begun; sleep 300', {
    report: (report) => {
      if (report.type === 'printed') begun += 1
      if (report.type === 'printed' && begun === 2) interrupt(1)
    },
  })
  await expect(running).rejects.toMatchObject({
    code: 'interrupted',
    message: 'Interrupted.\nweb-1: ended\nweb-2: ended',
  })
  expect(reports).toEqual([])
})
