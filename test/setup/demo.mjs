/** `npm run demo`: installs what is missing, builds, and runs test/demo/demo.ts. Plain Node: the packages are installed here. */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { installPackages } from './steps.mjs'
import { installPrograms, missingPrograms } from './system.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NEEDED = ['nginx', 'git', 'curl', 'ss']

if (process.platform !== 'linux') fail('The demo needs Linux: connections are counted by `ss`.')
installPackages()
if (process.getuid?.() === 0) installPrograms(missingPrograms(NEEDED))
const missing = missingPrograms(NEEDED)
if (missing.length > 0) {
  fail(
    `The demo needs ${missing.join(', ')}. Install ${missing.length > 1 ? 'them' : 'it'} (Debian, Ubuntu: sudo apt-get install nginx git curl iproute2), or run this as root.`,
  )
}
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'src'], {
  cwd: ROOT,
  stdio: 'inherit',
})
if (built.status !== 0) fail('The build failed.')

const demo = spawn(process.execPath, ['node_modules/jiti/lib/jiti-cli.mjs', 'test/demo/demo.ts'], {
  cwd: ROOT,
  stdio: 'inherit',
})
// Ctrl-C reaches the demo as well, which cleans up; this process waits for it.
process.on('SIGINT', () => {})
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => demo.kill(signal))
demo.on('exit', (code) => {
  process.exitCode = code ?? 1
})

function fail(message) {
  console.error(message)
  process.exit(1)
}
