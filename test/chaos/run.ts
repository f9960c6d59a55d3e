/** The table of faults, played on real machines: started by test/setup/chaos.mjs. */
import { mkdir, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type ChaosCase, titleOf } from './case.ts'
import { casesOf } from './cases/all.ts'
import { documentOf } from './document.ts'
import { ownVersion } from './own-version.ts'
import { forgetPlayed, keepPlayed, playedBefore } from './played.ts'
import { broken, type Row } from './row.ts'
import { openStage, type Stage } from './stage.ts'

const FILE = new URL('../../docs/faults.md', import.meta.url)

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    long: { type: 'boolean', default: false },
    rest: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    labs: { type: 'string', default: '2' },
  },
})

const say = (text: string) => void process.stdout.write(`${text}\n`)

const all = casesOf({ isLong: values.long })
const isMeant = (chaosCase: ChaosCase) => values.only.some((text) => titleOf(chaosCase).includes(text))
const chosen = values.only.length === 0 ? all : all.filter(isMeant)
if (values.list) for (const chaosCase of chosen) say(titleOf(chaosCase))
else process.exitCode = await playAll()

async function playAll(): Promise<number> {
  const startedMs = performance.now()
  const isWhole = chosen === all
  const version = ownVersion()
  if (isWhole && !values.rest) await forgetPlayed()
  const before = isWhole ? await playedBefore() : []
  const rows = new Map<ChaosCase, Row>()
  for (const { row } of before) {
    const same = all.find((chaosCase) => titleOf(chaosCase) === titleOf(row))
    if (same !== undefined) rows.set(same, row)
  }
  const left = oneOfEach(chosen).filter((chaosCase) => !rows.has(chaosCase))
  // What is under way is played to its end.
  process.once('SIGTERM', () => left.splice(0))
  const work = async (stage: Stage) => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const row = await playOn(stage, next)
      rows.set(next, row)
      if (isWhole) await keepPlayed({ version, row })
    }
    await stage.close()
  }
  await Promise.all(Array.from({ length: Number(values.labs) }, (_, index) => work(openStage(`chaos-${index + 1}`))))
  const table = chosen.flatMap((chaosCase) => rows.get(chaosCase) ?? [])
  const short = table.filter((row) => row.short.length > 0)
  const minutes = Math.round((performance.now() - startedMs) / 60_000)
  say(`\n${table.length} cases in ${minutes} min, ${short.length} fall short`)
  for (const row of short) say(`  ${titleOf(row)}: ${row.short.join('; ')}`)
  const unplayed = chosen.length - table.length
  if (unplayed > 0) say(`${unplayed} cases were not played${isWhole ? ': `npm run chaos -- --rest` goes on' : ''}`)
  // A part of the table would say less than the one that is there.
  if (isWhole && unplayed === 0) await writeTable(table)
  return short.length + unplayed > 0 ? 1 : 0
}

/** One case of each fault, then a second one of each: a run that is ended early says something of all. */
function oneOfEach(cases: readonly ChaosCase[]): readonly ChaosCase[] {
  const turns = new Map<ChaosCase, number>()
  const met = new Map<string, number>()
  for (const chaosCase of cases) {
    const turn = met.get(chaosCase.fault) ?? 0
    turns.set(chaosCase, turn)
    met.set(chaosCase.fault, turn + 1)
  }
  return cases.toSorted((one, other) => (turns.get(one) ?? 0) - (turns.get(other) ?? 0))
}

async function writeTable(rows: readonly Row[]): Promise<void> {
  const played = await playedBefore()
  const titles = new Set(rows.map(titleOf))
  const versions = played.filter(({ row }) => titles.has(titleOf(row))).map(({ version }) => version)
  const to = new Date()
  await mkdir(new URL('.', FILE), { recursive: true })
  await writeFile(FILE, documentOf({ rows, versions, from: played[0]?.at ?? to, to }))
}

async function playOn(stage: Stage, chaosCase: ChaosCase): Promise<Row> {
  const startedMs = performance.now()
  const { row, log } = await stage
    .play(chaosCase)
    .catch((error: unknown) => ({ row: broken(chaosCase, String(error)), log: String((error as Error).stack) }))
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
  say(lineOf(row, seconds))
  if (row.short.length > 0) say(log)
  return row
}

function lineOf(row: Row, seconds: string): string {
  const title = titleOf(row)
  const verdict = row.short.length === 0 ? 'good ' : 'SHORT'
  const seen = `${row.failed} of ${row.requests} failed, exit code ${row.exit}, ran: ${row.ran}, then: ${row.again}`
  return [`${verdict} ${title} (${seconds} s): ${seen}`, ...row.short.map((text) => `      ${text}`)].join('\n')
}
