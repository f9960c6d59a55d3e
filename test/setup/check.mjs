/** `npm run check`: what says in under a minute whether a change is sound. */
import { checkTypesAndStyle, finish, installPackages, simulationBeside, tests, UNIT_TESTS } from './steps.mjs'

installPackages()
await Promise.all([checkTypesAndStyle(), tests('unit tests', ...UNIT_TESTS), simulationBeside()])
finish()
