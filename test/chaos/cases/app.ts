import { configure, HEALTH, type Overrides } from '../../lab/fleet.ts'
import type { Behaviour } from '../../lab/releases.ts'
import type { ChaosCase } from '../case.ts'

/** Each is deployed; nothing else goes wrong. */
const WORDS: readonly (readonly [Behaviour, string, Overrides?])[] = [
  ['throws-at-boot', 'throws at boot'],
  ['never-listens', 'hangs at boot: never listens'],
  ['answers-500', 'answers 500'],
  ['dies-after-2s', 'dies after 2 s', { health: { ...HEALTH, stable: '3s' } }],
  ['ill-after-6s', 'falls ill after 6 s, while it soaks', { rollout: { batch: 1, 'min-serving': 1, soak: '12s' } }],
  ['does-not-install', 'cannot be installed'],
  ['slow-boot', 'takes 8 s to boot'],
  ['ignores-sigint', 'ignores the signal to end'],
  ['never-says-ready', 'never tells pm2 that it is ready'],
]

export const APP: readonly ChaosCase[] = [
  ...WORDS.map(([behaviour, words, overrides = {}]) => ({
    fault: 'The app',
    step: words,
    hosts: 2 as const,
    behaviour,
    overrides,
  })),
  {
    fault: 'The app',
    step: 'that runs leaks its port: for 5 s whatever comes after it gets EADDRINUSE',
    hosts: 2,
    before: 'leaks-its-port',
  },
  {
    fault: 'The app',
    step: 'serves old code: what should reload it leaves its processes as they are',
    hosts: 2,
    overrides: { 'post-deploy': 'npm install --offline --no-audit --no-fund && pm2 save' },
    heal: async ({ lab }) => void (await configure(lab)),
  },
]
