/**
 * Plants each mistake in a copy of the core and plays imagined deploys until one breaks a promise. Ends with 1 where a
 * mistake is never found, or cannot be planted. `--only word`: those whose name has it. `--seeds 5000`: at most so many.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { engineMutants } from './engine-mutants.mjs'
import { hunt, workshop } from './hunt.mjs'
import { rolloutMutants } from './rollout-mutants.mjs'

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seeds: { type: 'string', default: '20000' } },
})

const mutants = [...rolloutMutants, ...engineMutants].filter(({ name }) => name.includes(values.only))
const copies = workshop()
const found = []
try {
  const left = [...mutants]
  await Promise.all(Array.from({ length: availableParallelism() }, () => huntAll(left)))
} finally {
  copies.close()
}
tell()

async function huntAll(left) {
  for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
    const result = await hunt(copies, mutant, Number(values.seeds))
    found.push(result)
    console.log(line(result))
  }
}

function line({ name, how, seed, seconds }) {
  return `${how === 'found' ? 'found   ' : how.toUpperCase()} ${name}: ${seed === null ? '' : `seed ${seed}, `}${seconds.toFixed(0)} s`
}

function tell() {
  const names = mutants.map(({ name }) => name)
  const width = Math.max(...names.map((name) => name.length))
  console.log(`\n${'mistake'.padEnd(width)}  seeds  seconds  what broke`)
  for (const { name, seed, seconds, text } of found.toSorted(
    (one, other) => names.indexOf(one.name) - names.indexOf(other.name),
  ))
    console.log(`${name.padEnd(width)}  ${String(seed ?? '-').padStart(5)}  ${seconds.toFixed(1).padStart(7)}  ${text}`)
  const missed = found.filter(({ how }) => how !== 'found')
  console.log(`\n${found.length - missed.length} of ${mutants.length} mistakes were found`)
  if (missed.length > 0) process.exitCode = 1
}
