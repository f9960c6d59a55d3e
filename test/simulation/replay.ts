/** `npx jiti test/simulation/replay.ts SEED`: one imagined deploy with its whole trace. */
import { argv } from 'node:process'
import { simulate } from './simulate.ts'

const { trace, outcome } = simulate(Number(argv[2] ?? 1))
console.log(`${trace.join('\n')}\n${JSON.stringify(outcome, null, 2)}`)
