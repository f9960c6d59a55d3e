/** From what was seen to what is wrong. Pure: every judge reads the same facts, and says only what was seen. */
import { judgeApps } from './apps.ts'
import { judgeBlock } from './block.ts'
import type { Facts } from './facts.ts'
import { type Diagnosis, ordered } from './finding.ts'
import { judgeHealth } from './health.ts'
import { judgeMachines } from './machine.ts'
import { judgeNginx } from './nginx.ts'
import { judgePm2Block } from './pm2-block.ts'
import { judgeRepository } from './repository.ts'
import { judgeTools } from './tools.ts'

/** Errors first; nothing where nothing is to be mended. */
export function diagnose(facts: Facts): readonly Diagnosis[] {
  return ordered([
    ...facts.found.map(({ weight, host, text, hint }) => ({
      weight,
      hosts: [host],
      text,
      ...(hint === undefined ? {} : { hint }),
    })),
    ...deploying(facts),
    ...judgeBlock(facts),
    ...judgeApps(facts),
    ...judgeHealth(facts),
    ...judgeNginx(facts),
    ...judgeMachines(facts),
    ...judgeRepository(facts),
    ...judgeTools(facts),
    ...judgePm2Block(facts),
  ])
}

function deploying({ deploying: who }: Facts): readonly Diagnosis[] {
  if (who === null) return []
  return [{ weight: 'note', hosts: [], text: who, why: 'What is seen of the hosts may change while you read it.' }]
}
