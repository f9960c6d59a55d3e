/** `npm test`: everything, with all its set-up, on a fresh clone. */
import {
  build,
  checkTypesAndStyle,
  finish,
  installPackages,
  simulationBeside,
  skip,
  tests,
  UNIT_TESTS,
} from './steps.mjs'
import { missingFromSystem, missingShells } from './system.mjs'

const COMPLETION = 'test/commands/completion.real.test.ts'

installPackages()
const missing = missingFromSystem({ install: true })
const shells = missingShells()
await build()
await Promise.all([checkTypesAndStyle(), tests('unit tests', ...UNIT_TESTS)])
// By itself: five labs at once keep two cores busy, and daemons that have to wait for one answer late.
await onMachines('lab', '--config', 'test/lab/vitest.config.ts')
await Promise.all([
  onMachines('tests with real daemons', '--config', 'test/vitest.config.ts', '.real.test.', '--exclude', COMPLETION),
  simulationBeside(),
])
if (shells.length === 0) await tests('completion in shells', '--config', 'test/vitest.config.ts', COMPLETION)
else skip('completion in shells', `this machine has no ${shells.join(', ')}`)
finish()

async function onMachines(name, ...words) {
  if (missing.length === 0) await tests(name, ...words)
  else skip(name, `this machine has no ${missing.join(', ')}`)
}
