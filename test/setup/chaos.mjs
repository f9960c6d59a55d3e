/** `npm run chaos`: installs what is missing, builds, and runs test/chaos/run.ts in the lab, which needs root. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { installPackages } from './steps.mjs'
import { missingFromSystem } from './system.mjs'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

installPackages()
const missing = missingFromSystem({ install: true })
if (missing.length > 0) {
  console.error(`Chaos is played in the lab, and this machine has no ${missing.join(', ')}.`)
  process.exit(1)
}
for (const words of [
  ['node_modules/typescript/bin/tsc', '-p', 'src'],
  ['node_modules/jiti/lib/jiti-cli.mjs', 'test/chaos/run.ts', ...process.argv.slice(2)],
]) {
  const { status } = spawnSync(process.execPath, words, { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
