import type { ChaosCase } from '../case.ts'
import { APP } from './app.ts'
import { BALANCER } from './balancer.ts'
import { COMPANY } from './company.ts'
import { DISK } from './disk.ts'
import { GIT } from './git.ts'
import { HOSTS } from './hosts.ts'
import { networkCases } from './network.ts'
import { POWER } from './power.ts'
import { INTERRUPTED, KILLED } from './signals.ts'

/**
 * In the order of the table.
 * @param isLong cuts last for 5 minutes, where they last for 40 s.
 */
export function casesOf({ isLong }: { readonly isLong: boolean }): readonly ChaosCase[] {
  return [
    ...KILLED,
    ...INTERRUPTED,
    ...networkCases(isLong),
    ...POWER,
    ...BALANCER,
    ...DISK,
    ...GIT,
    ...HOSTS,
    ...APP,
    ...COMPANY,
  ]
}
