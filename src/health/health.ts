/** The port that asks whether an app is well. Adapter: `http.ts`. */
import type { Host } from '../hosts/host.ts'

export interface Answer {
  readonly healthy: boolean
  /** For people: `200 in 12 ms`, `500 in 3 ms`, `connection refused`, `no answer within 5 s`. */
  readonly detail: string
}

export interface Health {
  /**
   * Asks once, on the machine given (an app host asks itself; a balancer's machine asks `url`). Never rejects for an
   * unhealthy app; rejects with UserError `host-unreachable` where the machine could not be asked. May be repeated.
   */
  check(host: Host, url?: string): Promise<Answer>
}
