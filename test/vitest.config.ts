import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['test/**/*.test.ts'],
    exclude: ['test/lab/**'],
    // No test changes what another one imports: to load everything again for each file takes a third of the time.
    isolate: false,
    // Many of them wait for a shell most of the time.
    maxWorkers: 4,
    // Real daemons on a busy machine: a limit against hanging, not a measure of speed.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
