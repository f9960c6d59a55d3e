/** `npm test`: everything, with all its set-up, on a fresh clone. */
import { build, checkTypesAndStyle, finish, installPackages, skip, tests, UNIT_TESTS } from './steps.mjs'
import { missingFromSystem } from './system.mjs'

installPackages()
const missing = missingFromSystem({ install: true })
await build()
await Promise.all([checkTypesAndStyle(), tests('unit tests', ...UNIT_TESTS)])
if (missing.length === 0) {
  await tests('tests with real daemons', '--config', 'test/vitest.config.ts', '.real.test.')
  await tests('lab', '--config', 'test/lab/vitest.config.ts')
} else {
  skip('tests with real daemons', `this machine has no ${missing.join(', ')}`)
  skip('lab', `this machine has no ${missing.join(', ')}`)
}
finish()
