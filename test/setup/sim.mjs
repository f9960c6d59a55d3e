/** `npm run sim`: imagined deploys by the million, or one of them with its trace. */
import { spawn } from 'node:child_process'
import { compileSimulation, installPackages } from './steps.mjs'

installPackages()
const program = await compileSimulation()
if (program === null) process.exit(1)
const child = spawn(process.execPath, [...program, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('close', (code) => process.exit(code ?? 1))
