import { startFleet } from '../lab/fleet.ts'
import type { Lab } from '../lab/lab.ts'
import type { ChaosCase } from './case.ts'
import { type Played, play } from './play.ts'

/** Labs for one case after another: the same one, as long as the case before left it well. */
export interface Stage {
  play(chaosCase: ChaosCase): Promise<Played>
  close(): Promise<void>
}

interface Standing {
  readonly lab: Lab
  readonly runs: string
}

export function openStage(name: string): Stage {
  let standing: Standing | null = null
  let number = 0
  const close = async () => {
    const lab = standing?.lab
    standing = null
    await lab?.stop()
  }
  return {
    close,
    async play(chaosCase) {
      if (standing?.lab.hosts.length !== chaosCase.hosts) await close()
      const { lab, runs } = standing ?? { lab: await startFleet({ hosts: chaosCase.hosts, name }), runs: 'v1' }
      standing = { lab, runs }
      number += 1
      try {
        const played = await play(lab, chaosCase, { runs, number })
        if (played.runs === null) await close()
        else standing = { lab, runs: played.runs }
        return played
      } catch (error) {
        await close()
        throw error
      }
    },
  }
}
