/** docs/faults.md, for whoever has to decide how far to trust a deploy. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { table } from '../bench/table.ts'
import { SYSTEM_PATH } from '../lab/process.ts'
import { REQUESTS_PER_SECOND } from './load.ts'
import type { Row } from './row.ts'

export interface Played {
  readonly rows: readonly Row[]
  /** Our own, with the commit: of each row, in any order. */
  readonly versions: readonly string[]
  /** When the first of them was played, and the last. */
  readonly from: Date
  readonly to: Date
}

export function documentOf({ rows, versions, from, to }: Played): string {
  const short = rows.filter((row) => row.short.length > 0)
  const requests = rows.reduce((sum, row) => sum + row.requests, 0)
  const failed = rows.reduce((sum, row) => sum + row.failed, 0)
  return [
    `# What goes wrong, and what happens then

Written by \`npm run chaos\`, which plays each of these faults on real machines: two or three hosts with sshd and pm2
behind stock nginx, and a git host, each with a network, processes and a disk of its own, under ${REQUESTS_PER_SECOND}
requests a second. Nothing here was written by hand.

- **${[...new Set([from, to].map(day))].join(' to ')}**. zdr-deploy ${[...new Set(versions)].join(', ')}, on ${surroundings()}.
- **${rows.length} cases, ${rows.length - short.length} as promised, ${short.length === 0 ? 'none falls' : `${short.length} fall`} short.** ${requests} requests, of which ${failed} failed.

${COLUMNS}
`,
    ...[...new Set(rows.map(({ fault }) => fault))].map((fault) =>
      section(
        fault,
        rows.filter((row) => row.fault === fault),
      ),
    ),
  ].join('\n')
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10)
}

const COLUMNS = `A fleet runs one release, and another one is deployed, one host at a time. At the step that is named (as soon as the
deploy says that it begins) the fault strikes.

| column | means |
|---|---|
| requests, failed | from before the deploy until after one more run; a request that has no whole and right answer in 30 s has failed. None may, except where a number that may is given, with the reason |
| exit code | of the deploy that met the fault (see the README); \`killed\`: it had none |
| ran at the end | when that deploy had ended, and before anything was mended: what answered on the hosts, in their order. \`asked for\`: the release that was to be deployed; \`before\`: the one that ran until then; \`nothing\`: no answer; \`off\`: the machine had no power |
| one more run | what the fault itself was is mended (power is back, the cable is in, the disk has room, the file is as it was), and nothing else. Then the same is asked for again; after a release that is no good a good one; after a \`--rollback\` the same release by its commit. \`converged\`: exit code 0, every host runs what was asked for, and \`status\` has nothing to say |

**SHORT** marks what is not as promised, and says what was seen instead. An exit code, or a word about a host in the end of the
deploy, that claims what is not so would be one.`

function section(fault: string, rows: readonly Row[]): string {
  const whys = [...new Set(rows.map(({ allowed }) => allowed.why))].filter((why) => why !== '')
  const heads = ['step', 'requests', 'failed', 'exit code', 'ran at the end', 'one more run']
  return [
    `## ${fault}\n`,
    table(heads, rows.map(cells)),
    ...whys.map((why) => `\nMay fail: ${why}.`),
    ...rows.flatMap(({ step, short }) => short.map((text) => `\n**SHORT** ${step}: ${inline(text)}`)),
    '',
  ].join('\n')
}

function cells(row: Row): readonly string[] {
  const mayFail = row.allowed.requests === 0 ? '' : ` (${row.allowed.requests} may)`
  const again = row.short.length === 0 ? row.again : `**SHORT** ${row.again}`
  return [row.step, String(row.requests), `${row.failed}${mayFail}`, row.exit, row.ran, again]
}

/** On one line, and without a mark that Markdown would take for its own. */
function inline(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', String.raw`\|`)
}

function surroundings(): string {
  const pm2 = JSON.parse(readFileSync(new URL('../../node_modules/pm2/package.json', import.meta.url), 'utf8')) as {
    readonly version: string
  }
  return [
    `Node ${process.version.slice(1)}`,
    `nginx ${firstMatch('nginx', '-v', /nginx\/(\S+)/)}`,
    `pm2 ${pm2.version}`,
    firstMatch('ssh', '-V', /(OpenSSH_[^ ,]+)/).replace('_', ' '),
    `git ${firstMatch('git', '--version', /version (\S+)/)}`,
    `Linux ${/^[\d.]+/.exec(release())?.[0]}`,
  ].join(', ')
}

function firstMatch(program: string, option: string, pattern: RegExp): string {
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8', env: { PATH: SYSTEM_PATH } })
  return pattern.exec(`${stdout}${stderr}`)?.[1] ?? 'of an unknown version'
}
