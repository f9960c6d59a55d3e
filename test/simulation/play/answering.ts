/** What `resume` and `abort` come to, by what stands in the journals; `src/commands/answer.ts` asks the hosts for them. */
import { wishOf } from '../../../src/engine/cut-off.ts'
import type { Wish } from '../../../src/engine/goal.ts'
import { UserError } from '../../../src/errors.ts'
import { cutOff } from '../../../src/hosts/journal.ts'
import { inspectionOf } from '../fleet/disk.ts'
import type { World } from '../fleet/world.ts'
import type { Act } from './story.ts'

export interface Answering {
  readonly wish: Wish
  /** Of the deploy that was cut off. */
  readonly token: string
}

/** null: a deploy of its own, as it is where nothing was cut off, or nobody knows what ran before. */
export function answeringOf(world: World, { again }: Act): Answering | null {
  if (again === 'the same') return null
  const views = [...world.hosts.values()].map(({ disk }) => ({ inspection: inspectionOf(disk) }))
  const found = cutOff(views.map(({ inspection }) => inspection.journal))
  if (found === null) return null
  try {
    return { wish: wishOf(again, found, views), token: found.token }
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
