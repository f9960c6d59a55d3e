/** Whom operators left out, at which machine of the balancer, and since when. */
import type { HostName } from '../../../src/rollout/model.ts'
import type { Change } from '../fleet/change.ts'

type Out = Extract<Change, { type: 'out' }>

export function createByHand() {
  const since = new Map<string, ReadonlyMap<HostName, number>>()
  return {
    follow: ({ balancer, out, byHand, who }: Out, nowMs: number): void => {
      const known = since.get(balancer)
      const left = who.kind === 'operator' ? byHand : out.filter((host) => known?.has(host))
      since.set(balancer, new Map(left.map((host) => [host, known?.get(host) ?? nowMs])))
    },
    /** Who looked then could see it. */
    isSeen: (balancer: string, host: HostName, lookMs: number): boolean => {
      const ms = since.get(balancer)?.get(host)
      return ms !== undefined && ms < lookMs
    },
  }
}
