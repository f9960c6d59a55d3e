import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from './median.ts'

const CLI = fileURLToPath(new URL('../../dist/cli.js', import.meta.url))
const PAIRS = 15

export interface StartUp {
  readonly versionMs: number
  readonly nodeMs: number
  /** The median of the pairs' ratios: what disturbs the machine disturbs both of a pair. */
  readonly ratio: number
}

/** How long `zdr-deploy --version` takes, against `node -e 0`. */
export function measureStartUp(): StartUp {
  const pairs = Array.from({ length: PAIRS }, () => ({ version: time([CLI, '--version']), node: time(['-e', '0']) }))
  return {
    versionMs: median(pairs.map(({ version }) => version)),
    nodeMs: median(pairs.map(({ node }) => node)),
    ratio: median(pairs.map(({ version, node }) => version / node)),
  }
}

function time(words: readonly string[]): number {
  const startedMs = performance.now()
  execFileSync(process.execPath, words, { stdio: 'ignore' })
  return performance.now() - startedMs
}
