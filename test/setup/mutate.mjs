/** `npm run mutate`: mistakes planted in the core, one at a time; the simulation has to find every one. */
import { spawn } from 'node:child_process'
import { installPackages } from './steps.mjs'

installPackages()
const program = new URL('../mutation/run.mjs', import.meta.url).pathname
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('close', (code) => process.exit(code ?? 1))
