/** The comparison, started by test/setup/bench.mjs. It measures and shows; it asserts no durations. */
import { BROKEN, HOSTS, LONGEST_REQUEST_MS, type OwnRuns, type Run, runOurs, runPm2Deploy } from './contenders.ts'
import type { Parts } from './parts.ts'
import { measureStartUp } from './start-up.ts'
import { seconds, table } from './table.ts'

const GRACE_MS = 1_000
const STABLE_MS: Readonly<Record<string, number>> = { 'zdr-deploy': 3_000, 'zdr-deploy, stable: 0s': 0 }

const say = (text: string) => void process.stdout.write(`${text}\n`)

say('Start-up: 15 pairs')
const { versionMs, nodeMs, ratio } = measureStartUp()
say(`pm2 deploy: a lab of ${HOSTS} hosts, under load`)
const peers = await runPm2Deploy()
say('zdr-deploy: the same')
const ours = await runOurs()

say(`\n## Deploys of ${HOSTS} hosts\n\n${comparison([...peers, ...ours.runs])}`)
for (const run of ours.runs)
  if (run.parts !== null && run.code === 0 && run.requests !== null) say(`\n${partsText(run, run.parts, ours)}`)
say('\n## Start-up (medians of 15 pairs)\n')
say(
  table(
    ['`zdr-deploy --version`', '`node -e 0`', 'ratio', 'aim'],
    [[`${versionMs.toFixed(0)} ms`, `${nodeMs.toFixed(0)} ms`, ratio.toFixed(2), '≤ 1.5']],
  ),
)

function comparison(runs: readonly Run[]): string {
  return table(
    ['what', 'release', 'exit', 'time', 'of pm2’s', 'out of rotation, a host', 'failed requests', 'runs at the end'],
    runs.map((run) => [
      run.name,
      run.release,
      String(run.code),
      seconds(run.tookMs),
      `${(run.tookMs / peerOf(run).tookMs).toFixed(2)} ×`,
      run.parts === null ? '' : outText(run.parts),
      run.requests === null ? 'none made' : `${run.requests.failed} of ${run.requests.total}`,
      [...new Set(run.runs)].join(', '),
    ]),
  )
}

/** Its run with the same kind of release, under the same load: the good ones have different names, and differ in nothing else. */
function peerOf({ release, requests }: Run): Run {
  const peer = peers.find(
    (candidate) =>
      (candidate.release === BROKEN) === (release === BROKEN) && (candidate.requests === null) === (requests === null),
  )
  if (peer === undefined) throw new Error(`pm2 deploy was not run as ${release} was`)
  return peer
}

function outText({ hosts }: Parts): string {
  return hosts.map(({ outMs }) => seconds(outMs)).join(', ')
}

function partsText({ name, release }: Run, parts: Parts, { reloadCommandMs }: OwnRuns): string {
  const stableMs = STABLE_MS[name] ?? 0
  const perHostMs = LONGEST_REQUEST_MS + reloadCommandMs + stableMs + GRACE_MS
  const aimMs = parts.prepareMs + HOSTS * perHostMs
  const rows = parts.hosts.map(({ host, drainMs, reloadMs, verifyMs, restMs }) =>
    [host, drainMs, reloadMs, verifyMs, restMs, drainMs + reloadMs + verifyMs + restMs].map((cell) =>
      typeof cell === 'number' ? seconds(cell) : cell,
    ),
  )
  const formula = [LONGEST_REQUEST_MS, reloadCommandMs, stableMs, GRACE_MS].map(seconds).join(' + ')
  return [
    `## ${name}, ${release}: where the time went\n`,
    table(['host', 'drain', 'reload', 'verify', 'rest', 'all'], rows),
    `\nprepare: ${parts.phases.map(({ phase, tookMs }) => `${phase} ${seconds(tookMs)}`).join(', ')}`,
    `prepare ${seconds(parts.prepareMs)}, settle ${seconds(parts.settleMs)}, total ${seconds(parts.totalMs)}`,
    `aim: prepare + ${HOSTS} × (longest request + reload command by hand + stable + 1 s)`,
    `   = ${seconds(parts.prepareMs)} + ${HOSTS} × (${formula}) = ${seconds(aimMs)}: ${parts.totalMs <= aimMs ? 'kept' : `missed by ${seconds(parts.totalMs - aimMs)}`}`,
  ].join('\n')
}
