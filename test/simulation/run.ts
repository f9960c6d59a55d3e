/**
 * `npm run sim -- --seeds 1000000`: so many imagined deploys, on all processors. `--from 4711`: beginning at that seed.
 * `--and-from 815`: a thousand more, from there. `--until-broken`: no further than the first that breaks a promise. `--workers 1`: on so many processors.
 * `npm run sim -- --seed 4711`: that one, with its trace.
 */
import { availableParallelism } from 'node:os'
import { argv, exit, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { simulate } from './play/simulate.ts'
import type { Played, Portion } from './worker.ts'

const portionSize = 100
const shownMax = 5
/** A simulation in which nothing ever goes wrong, or right, would prove nothing. */
const codesToMeet = [0, 1, 3, 4, 5, 130]
/** From so many seeds on, each of them has to be met. */
const enoughSeeds = 2_000
const moreSeeds = 1_000

const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '20000' },
    from: { type: 'string', default: '1' },
    'and-from': { type: 'string' },
    'until-broken': { type: 'boolean', default: false },
    workers: { type: 'string', default: String(availableParallelism()) },
  },
})

if (values.seed === undefined) await playMany(ranges())
else await playOne(number('seed', values.seed))

function number(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 0 && text.trim() !== '') return value
  console.error(`--${name} must be a whole number, not ${text}`)
  return exit(2)
}

async function playOne(seed: number): Promise<void> {
  try {
    const { trace, exitCodes } = await simulate(seed, { traced: true })
    console.log(`${trace.join('\n')}\nseed ${seed}: exit codes ${exitCodes.join(', ')}`)
  } catch (error) {
    console.log(error instanceof Error ? error.message : String(error))
    exit(1)
  }
}

interface Range {
  readonly from: number
  readonly count: number
}

function ranges(): readonly Range[] {
  const range = { from: number('from', values.from), count: number('seeds', values.seeds) }
  const more = values['and-from']
  return more === undefined ? [range] : [range, { from: number('and-from', more), count: moreSeeds }]
}

/** What the workers take, one after another. */
function portionsOf({ from, count }: Range): readonly Range[] {
  return Array.from({ length: Math.ceil(count / portionSize) }, (_, index) => {
    const done = index * portionSize
    return { from: from + done, count: Math.min(portionSize, count - done) }
  })
}

async function playMany(wanted: readonly Range[]): Promise<void> {
  const startedMs = performance.now()
  const all = { count: 0, exitCodes: new Map<number, number>(), broken: [] as Played['broken'][number][] }
  const left = wanted.flatMap(portionsOf)
  const seeds = wanted.reduce((sum, { count }) => sum + count, 0)
  const untilBroken = values['until-broken']
  const take = (): Portion | null => {
    const portion = untilBroken && all.broken.length > 0 ? undefined : left.shift()
    return portion === undefined ? null : { ...portion, untilBroken }
  }
  const add = ({ count, exitCodes, broken }: Played): void => {
    all.count += count
    all.broken.push(...broken)
    for (const [code, met] of Object.entries(exitCodes))
      all.exitCodes.set(Number(code), (all.exitCodes.get(Number(code)) ?? 0) + met)
    if (stdout.isTTY) stdout.write(`\r${all.count} of ${seeds}, ${all.broken.length} broken`)
  }
  await Promise.all(Array.from({ length: number('workers', values.workers) }, () => employ(take, add)))
  tell(all, { from: wanted.map(({ from }) => from), seconds: (performance.now() - startedMs) / 1000 })
}

function employ(take: () => Portion | null, add: (played: Played) => void): Promise<void> {
  const worker = new Worker(new URL('worker.js', import.meta.url))
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const portion = take()
      if (portion === null) void worker.terminate().then(() => resolve())
      else worker.postMessage(portion)
    }
    worker.on('error', reject)
    worker.on('message', (played: Played) => {
      add(played)
      next()
    })
    next()
  })
}

interface All {
  readonly count: number
  readonly exitCodes: ReadonlyMap<number, number>
  readonly broken: readonly { readonly seed: number; readonly text: string }[]
}

function tell(
  { count, exitCodes, broken }: All,
  { from, seconds }: { readonly from: readonly number[]; readonly seconds: number },
) {
  const ends = [...exitCodes].toSorted(([one], [other]) => one - other).map(([code, met]) => `${met} × ${code}`)
  const first = broken.toSorted((one, other) => one.seed - other.seed)
  console.log(
    `${stdout.isTTY ? '\r' : ''}${count} seeds from ${from.join(' and ')}, in ${seconds.toFixed(1)} s; exit codes: ${ends.join(', ')}`,
  )
  for (const { text } of first.slice(0, shownMax)) console.log(text)
  if (first[0] !== undefined) {
    console.log(`${first.length} broken. Look at one: npm run sim -- --seed ${first[0].seed}`)
    return exit(1)
  }
  const missing = codesToMeet.filter((code) => !exitCodes.has(code))
  if (count < enoughSeeds || values['until-broken'] || missing.length === 0) return
  console.log(`no deploy ended with ${missing.join(', ')}: this proves little`)
  return exit(1)
}
