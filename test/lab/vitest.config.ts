import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import type { TestSequencerConstructor, TestSpecification } from 'vitest/node'

/** Those that take longest, longest first: begun last, one of them would keep everybody waiting. */
const HEAVIEST = [
  'bad-releases.test.ts',
  'pm2-lies.test.ts',
  'roll.test.ts',
  'bad-elsewhere.test.ts',
  'skip.test.ts',
  'lost.test.ts',
  'migration.test.ts',
  'pause.test.ts',
  'chaos.test.ts',
  'interrupt.test.ts',
  'cut-off.test.ts',
  'by-hand.test.ts',
  'refused.test.ts',
]

function HeaviestFirst() {
  const rank = ({ moduleId }: TestSpecification): number => {
    const index = HEAVIEST.indexOf(basename(moduleId))
    return index === -1 ? HEAVIEST.length : index
  }
  return {
    shard: (files: TestSpecification[]) => files,
    sort: (files: TestSpecification[]) => files.toSorted((one, other) => rank(one) - rank(other)),
  }
}

// biome-ignore lint/style/noDefaultExport: vitest reads the default export.
export default defineConfig({
  test: {
    root: new URL('../..', import.meta.url).pathname,
    include: ['test/lab/**/*.test.ts'],
    // Real daemons on machines of their own: limits against hanging, on a machine that is busy with other things too.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    fileParallelism: true,
    // They mostly wait, for drains and for processes to prove themselves: so many labs are what two cores carry.
    maxWorkers: 5,
    sequence: { sequencer: HeaviestFirst as unknown as TestSequencerConstructor },
  },
})
