/** What the hammer counts, and says to who started it. */

/** Each a way in which a request can meet a deploy at a bad moment. */
export const KINDS = ['keep-alive-get', 'fresh-post', 'slow-post', 'slow-body', 'late-ask'] as const
export type Kind = (typeof KINDS)[number]

/** Why a request failed, with all that is known about it. */
export interface Failure {
  readonly kind: Kind
  /** ISO time of its end. */
  readonly at: string
  readonly afterMs: number
  /** A status, an error code, or what was wrong with the answer. */
  readonly what: string
  /** From the headers, where there was an answer. */
  readonly version: string | null
  readonly host: string | null
}

export interface HammerCounts {
  /** Requests that have ended, well or not. */
  readonly total: number
  readonly failed: number
  readonly byKind: Readonly<Record<Kind, { readonly ok: number; readonly failed: number }>>
  /** The first failures. */
  readonly samples: readonly Failure[]
  /** How many good answers came from each version, and from each host. */
  readonly versionsSeen: Readonly<Record<string, number>>
  readonly hostsSeen: Readonly<Record<string, number>>
}

export interface HammerSettings {
  /** `http://10.77.0.2` */
  readonly url: string
  /** Requests a second. */
  readonly rates: Readonly<Record<Kind, number>>
  /** A request that has no whole answer by then has failed. */
  readonly requestTimeoutMs: number
  /** When it stops by itself. */
  readonly durationMs: number
}

/** From the parent: report when so many have ended; stop, finish what is in flight, and report. Answered with counts. */
export type HammerOrder = { readonly order: 'reach'; readonly total: number } | { readonly order: 'stop' }
