/** How likely what goes wrong. Everything at 0: everything works. */
export interface Dials {
  /** Chances, for each call of a port. */
  readonly failsBefore: number
  readonly failsAfter: number
  /** One process of several, half a release; what cannot be halved fails before. */
  readonly failsHalfWay: number
  /** Nothing comes back until its time is over; what was asked was done, or was not. */
  readonly hangs: number
  /** The line to a machine breaks and can be had again; what was asked was done, or was not. */
  readonly losesConnection: number
  /** Takes seconds instead of milliseconds. */
  readonly slow: number
  /** Of a health check: no answer, though the app is well. */
  readonly healthLies: number
  /** That requests still run on a host when it is taken out. */
  readonly traffic: number
  /** Of each of those: that it goes on for minutes. */
  readonly longRequest: number

  /** What happens by itself, for each minute of the whole fleet: see `fate.ts`. */
  readonly losesPower: number
  readonly cutFromDeployer: number
  readonly cutFromBalancer: number
  readonly balancerCutFromDeployer: number
  readonly balancerRestarts: number
  readonly balancerForgets: number
  readonly takenOutByHand: number
  readonly processDies: number
  /** Chance that what was lost or cut never comes back. */
  readonly neverComesBack: number
}

export const quiet: Dials = {
  failsBefore: 0,
  failsAfter: 0,
  failsHalfWay: 0,
  hangs: 0,
  losesConnection: 0,
  slow: 0,
  healthLies: 0,
  traffic: 0,
  longRequest: 0,
  losesPower: 0,
  cutFromDeployer: 0,
  cutFromBalancer: 0,
  balancerCutFromDeployer: 0,
  balancerRestarts: 0,
  balancerForgets: 0,
  takenOutByHand: 0,
  processDies: 0,
  neverComesBack: 0,
}
