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
import { missingFromSystem } from './system.mjs'

installPackages()
const missing = missingFromSystem({ install: true })
await build()
await Promise.all([checkTypesAndStyle(), tests('unit tests', ...UNIT_TESTS)])
// By itself: five labs at once keep two cores busy, and daemons that have to wait for one answer late.
await onMachines('lab', '--config', 'test/lab/vitest.config.ts')
await Promise.all([
  onMachines('tests with real daemons', '--config', 'test/vitest.config.ts', '.real.test.'),
  simulationBeside(),
])
finish()

async function onMachines(name, ...words) {
  if (missing.length === 0) await tests(name, ...words)
  else skip(name, `this machine has no ${missing.join(', ')}`)
}
