/** What `npm run check` and `npm test` are made of. Plain Node: the packages are installed here. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const REPORTS = mkdtempSync(join(tmpdir(), 'zdr-reports-'))
process.on('exit', () => rmSync(REPORTS, { recursive: true, force: true }))

const STEP_TIMEOUT_MS = 20 * 60_000

/** What has been run so far. */
const counts = { passed: 0, failed: 0, skipped: 0 }
const notRun = []
const failedSteps = []

/** Installs the packages where they are missing, or older than the lockfile. Ends the process where that fails. */
export function installPackages() {
  const installed = changedAtMs('node_modules/.package-lock.json')
  if (installed !== null && installed >= (changedAtMs('package-lock.json') ?? 0)) return
  console.log('Installing the packages (npm ci)')
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: ROOT, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

function changedAtMs(path) {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? null
}

/** Runs a program of our packages; its output is shown when it has ended, so that two may run at once. */
export async function step(name, program, ...args) {
  const startedAtMs = performance.now()
  const { code, output } = await run(join('node_modules', '.bin', program), args)
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1)
  console.log(`\n== ${name}: ${code === 0 ? 'good' : 'FAILED'} (${seconds} s)`)
  if (code !== 0) failedSteps.push(name)
  if (code !== 0 || program === 'vitest') console.log(output.trim())
  return code === 0
}

/**
 * How Node is to run the simulation: many small functions, each called from everywhere. Less inlining, and no helper
 * threads on processors that are all taken, play the same seeds in two thirds of the time.
 */
const FLAGS = ['--max-inlined-bytecode-size-cumulative=150', '--single-threaded']

/** The simulation as JavaScript: workers that begin at once. Resolves with Node's words for it; with null where it does not compile. */
export async function compileSimulation() {
  const { code, output } = await run(join('node_modules', '.bin', 'tsc'), ['-p', 'test/simulation'])
  if (code !== 0) console.log(output.trim())
  return code === 0 ? [...FLAGS, join(ROOT, 'node_modules/.cache/simulation/test/simulation/run.js')] : null
}

/**
 * Imagined deploys: always the same, and some that begin at the commit's own number. For beside other tests, which wait
 * most of the time: from now on whatever this process starts takes only what they leave.
 */
export async function simulationBeside() {
  setPriority(LEAST_PRIORITY)
  const program = await compileSimulation()
  if (program === null) return void failedSteps.push('simulation')
  const start = commitNumber()
  const options = [`--seeds=${SEEDS}`, ...(start === null ? [] : [`--and-from=${start}`])]
  // All at once: workers that have played a while are three times as fast.
  const { code, output } = await run(process.execPath, [...program, ...options])
  console.log(`\n== simulation: ${code === 0 ? 'good' : 'FAILED'}\n${output.trim()}`)
  counts[code === 0 ? 'passed' : 'failed']++
  if (code !== 0) failedSteps.push('simulation')
}

const SEEDS = 20_000
const LEAST_PRIORITY = 19

function commitNumber() {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' })
  return status === 0 ? Number.parseInt(stdout.slice(0, 7), 16) : null
}

/** Runs tests and counts them. A run that fails without a failed test (a file that does not load) counts as one. */
export async function tests(name, ...args) {
  const report = join(REPORTS, `${name.replaceAll(' ', '-')}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const good = await step(name, 'vitest', 'run', ...reporters, '--passWithNoTests', ...args)
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = readReport(report)
  counts.passed += numPassedTests
  counts.failed += good ? 0 : Math.max(1, numFailedTests)
  counts.skipped += numPendingTests
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // It did not get as far as that; its exit status says so.
    return {}
  }
}

/** Types, format, lint, and what nobody uses, one after another. */
export async function checkTypesAndStyle() {
  for (const [name, ...command] of [
    ['types', 'tsc', '-p', '.'],
    ['format', 'biome', 'check', '--error-on-warnings'],
    ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
    ['unused', 'knip'],
  ]) {
    if (!(await step(name, ...command))) counts.failed++
  }
}

export async function build() {
  if (!(await step('build', 'tsc', '-p', 'src'))) counts.failed++
}

export const UNIT_TESTS = ['--config', 'test/vitest.config.ts', '--exclude', '**/*.real.test.ts']

/** Notes what could not be run, and why. */
export function skip(name, why) {
  notRun.push(`${name}: ${why}`)
}

/** Says what was skipped and what failed, and ends the process. Under CI=true a skip is a failure. */
export function finish() {
  const isFatal = process.env.CI === 'true' && notRun.length > 0
  if (notRun.length > 0) {
    console.log(`\n${'!'.repeat(80)}`)
    for (const line of notRun) console.log(`NOT RUN  ${line}`)
    console.log(isFatal ? 'With CI=true this is a failure.' : 'So this was not everything.')
    console.log('!'.repeat(80))
  }
  if (failedSteps.length > 0) console.log(`\nFailed: ${failedSteps.join(', ')}`)
  const failed = counts.failed + (isFatal ? notRun.length : 0)
  const skipped = counts.skipped + notRun.length
  console.log(`\n${counts.passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  process.exitCode = failed > 0 ? 1 : 0
}

function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], timeout: STEP_TIMEOUT_MS })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        output += text
      })
    child.on('error', (error) => resolve({ code: 1, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}
