/** One mistake: a copy of the core and the simulation with it, compiled, and played until a promise breaks. */
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** A mistake may keep a rollout from ever ending; so long, and it counts as found by that. */
const huntMsMax = 10 * 60_000
const neverEnded = 'it never ended'

/** What is planted in is what stood there at the beginning. */
export function workshop() {
  const folder = mkdtempSync(join(tmpdir(), 'zdr-mutation-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const original = join(folder, 'original')
  for (const part of ['src', 'test/simulation', 'tsconfig.json', 'package.json'])
    cpSync(join(root, part), join(original, part), { recursive: true })
  let count = 0
  return {
    copy: () => {
      const copy = join(folder, String(++count))
      cpSync(original, copy, { recursive: true })
      return copy
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

export async function hunt(copies, { name, file, find, replace }, seedsMax) {
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1000
  const missed = (how, text) => ({ name, how, seed: null, seconds: seconds(), text })
  const copy = copies.copy()
  try {
    const fault = plant(join(copy, file), find, replace)
    if (fault !== null) return missed('not planted', `${file}: ${fault}`)
    const compiled = await compile(copy)
    if (compiled.code !== 0) return missed('not planted', compiled.output.trim())
    const options = [`--seeds=${seedsMax}`, '--until-broken', '--workers=1']
    const { code, output } = await run(process.execPath, [join(copy, 'out/test/simulation/run.js'), ...options])
    if (code === 0) return missed('survived', `not found in ${seedsMax} seeds`)
    const broken = /^seed (\d+): (.*)$/m.exec(output)
    if (broken === null && output !== neverEnded) return missed('crashed', output.trim())
    const [, seed = null, text = neverEnded] = broken ?? []
    return { name, how: 'found', seed: seed === null ? null : Number(seed), seconds: seconds(), text }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** null: planted. Else why it cannot be: the core was changed, and the mistake has to follow. */
function plant(path, find, replace) {
  const text = readFileSync(path, 'utf8')
  const count = text.split(find).length - 1
  if (count !== 1) return `what is to be replaced stands there ${count} times: ${find.split('\n')[0]}`
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
  return null
}

/** A mistake may leave something unused. */
function compile(copy) {
  const unused = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false']
  const out = ['--outDir', join(copy, 'out'), '--rootDir', copy]
  return run(join(root, 'node_modules/.bin/tsc'), ['-p', join(copy, 'test/simulation'), ...unused, ...out])
}

function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], timeout: huntMsMax })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        output += text
      })
    child.on('error', (error) => resolve({ code: 1, output: String(error) }))
    child.on('close', (code) => resolve({ code: code ?? 1, output: code === null ? neverEnded : output }))
  })
}
