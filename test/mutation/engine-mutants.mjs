/** Mistakes in how it is done. `find` stands exactly once in its file. */
export const engineMutants = [
  {
    name: 'resume trusts the link over the processes',
    file: 'src/engine/inspect.ts',
    find: '  const directory = manifest === null ? null : activationOf',
    replace:
      '  if (manifest !== null && manifest.id.length > 0) return manifest.id\n  const directory = manifest === null ? null : activationOf',
  },
  {
    name: 'a soak does not look at processes',
    file: 'src/engine/soak.ts',
    find: 'if (running === null) return',
    replace: 'if (running === null || running.length > 0) return',
  },
  {
    name: 'a failed publish is taken for done',
    file: 'src/engine/perform.ts',
    find: 'by: lock.token })',
    replace: 'by: lock.token }).catch(() => undefined)',
  },
  {
    name: "a pause's no is taken for yes",
    file: 'src/engine/pause.ts',
    find: "if (answer.answer === 'abort') throw",
    replace: "if (answer.by === '' && answer.answer === 'abort') throw",
  },
  {
    name: 'whom an operator left out is put back',
    file: 'src/engine/observe.ts',
    find: 'byHand, ...health }',
    replace: 'byHand: [], ...health }',
  },
  {
    name: 'steps are not guarded',
    file: 'src/engine/lock.ts',
    find: '{ ...machine, ...machine.depot.guarded(owner.token) }',
    replace: 'machine',
  },
  {
    name: 'only the first host is locked',
    file: 'src/engine/lock.ts',
    find: 'for (const some of rounds)',
    replace: 'for (const some of rounds.slice(0, 1))',
  },
  {
    name: 'the lock is not given back',
    file: 'src/engine/lock.ts',
    find: '[...held.values()].map((lock) => lock[how]())',
    replace: '[...held.values()].map((lock) => lock.beat())',
  },
  {
    name: 'the lock has no heartbeat',
    file: 'src/engine/lock.ts',
    find: 'else lock.beat()',
    replace: 'else void lock',
  },
  {
    name: 'the release before is pruned',
    file: 'src/engine/plan.ts',
    find: `    goal === null ? null : previousDeployed(history, goal),
    previousDeployed(history, lastDeployed(history)),
`,
    replace: '',
  },
  {
    name: 'the history is written though a host failed',
    file: 'src/engine/roll-out.ts',
    find: "const isDone = kind === 'deployed' || kind === 'unchanged'",
    replace: "const isDone = kind === 'deployed' || kind === 'unchanged' || kind === 'incomplete'",
  },
  {
    name: 'a failed release is used again',
    file: 'src/engine/plan.ts',
    find: '!failed.has(manifest.id) && !manifest.takenOver',
    replace: '!manifest.takenOver',
  },
  {
    name: 'a rehearsal that comes to no end is ignored',
    file: 'src/engine/deploy.ts',
    find: "if (!isUnchanged && rehearsal.kind !== 'deployed') throw",
    replace: "if (!isUnchanged && rehearsal.failure === '') throw",
  },
  {
    name: 'who was well before is not asked again',
    file: 'src/engine/observe.ts',
    find: '  const { clock, times } = fleet\n',
    replace: "  const { clock, times } = fleet\n  if (wellBefore.includes(machine.name)) return 'well'\n",
  },
  {
    name: 'nobody waits until a host is drained',
    file: 'src/engine/perform.ts',
    find: 'return drain(fleet, action.host)',
    replace: 'return',
  },
  {
    name: 'a drain that takes too long is passed over',
    file: 'src/engine/perform.ts',
    find: " || fleet.onDrainTimeout === 'fail'",
    replace: '',
  },
  {
    name: 'the balancer is not asked whether it reaches a host',
    file: 'src/engine/perform.ts',
    find: '    await reached(fleet, machine.name)\n',
    replace: '',
  },
  {
    name: 'a migration is run twice',
    file: 'src/engine/migrate.ts',
    find: "if (answer !== 'again' && state.kind === 'done') {",
    replace: "if (answer === 'done' && state.kind === 'done') {",
  },
  {
    name: 'a rollback migrates',
    file: 'src/engine/deploy.ts',
    find: "  if (goal.kind === 'deploy') {\n",
    replace: '  if (goal.manifest.id !== null) {\n',
  },
  {
    name: 'the migration comes after the rollout',
    file: 'src/engine/deploy.ts',
    find: `      await migrateToTheEnd(going, order.migration)
  }
  if (isUnchanged) return { ...ended(begin(start.plan, start.observed)), outMs: {} }
  // A build may have taken minutes: the rollout begins with what is so now.
  const observed = await interruption.orStop(observe(fleet, start.observed, 'unhurried'))
  return rollOut({ ...going, ...company, by: order.by }, { ...start, observed })
`,
    replace: `      await Promise.resolve()
  }
  if (isUnchanged) return { ...ended(begin(start.plan, start.observed)), outMs: {} }
  const observed = await interruption.orStop(observe(fleet, start.observed, 'unhurried'))
  const end = await rollOut({ ...going, ...company, by: order.by }, { ...start, observed })
  if (goal.kind === 'deploy' && order.migration !== null) await migrateToTheEnd(going, order.migration)
  return end
`,
  },
  {
    name: 'verify accepts the old processes',
    file: 'src/engine/verify.ts',
    find: `  if (before?.has(pid) === true) return { text: \`\${who} is still the old process: it was not reloaded\`, isFinal: false }
  if (!standsOn(process, activation.directory))
`,
    replace: "  if (process.name === '')\n",
  },
  {
    name: 'verify accepts any answer',
    file: 'src/engine/verify.ts',
    find: 'passes = healthy ? passes + 1 : 0',
    replace: 'passes = passes + 1',
  },
  {
    name: 'what is verified is not noted',
    file: 'src/engine/perform.ts',
    find: "{ ...manifest, state: 'verified', ...verified }",
    replace: "{ ...manifest, state: 'activated', ...verified }",
  },
]
