import { anotherDeployer } from '../../lab/fleet.ts'
import type { ChaosCase, Scene } from '../case.ts'

export const COMPANY: readonly ChaosCase[] = [deploysAtOnce(1, 'A second deploy'), deploysAtOnce(9, 'Ten deploys')]

/** Each of another release, by somebody else: one goes through, and all others are told who has the lock. */
function deploysAtOnce(others: number, who: string): ChaosCase {
  const releasesOf = ({ asked }: Scene) =>
    Array.from({ length: others }, (_, index) => `${asked}-of-another-${index + 1}`)
  return {
    fault: `${who} at the same second`,
    step: 'all of it',
    hosts: 2,
    async prepare(scene) {
      for (const release of releasesOf(scene)) await scene.lab.git.commit(release, 'good')
    },
    async strike(scene) {
      const home = await anotherDeployer(scene.lab)
      const deploys = releasesOf(scene).map((release) => scene.lab.deploy(['production', '--ref', release], { home }))
      const results = await Promise.all([scene.deploy, ...deploys].map(({ result }) => result))
      const codes = results.map(({ code }) => code)
      const isAsPromised =
        codes.filter((code) => code === 0).length === 1 && codes.every((code) => code === 0 || code === 5)
      if (!isAsPromised) scene.fallsShort(`they ended with ${codes.join(', ')}: not one with 0, and the others with 5`)
    },
  }
}
