import { LIGHT_LOAD } from '../lab/fleet.ts'

/** One that takes 2 s is nearly always under way, so that a host has to be drained. */
export const LOAD = { rates: { ...LIGHT_LOAD.rates, 'slow-post': 1 } } as const

export const REQUESTS_PER_SECOND = Object.values(LOAD.rates).reduce<number>((sum, rate) => sum + rate, 0)

/** What may be under way on one host: most answers take milliseconds. */
export const IN_FLIGHT = 5 + 2 * LOAD.rates['slow-post']

/** What meets a balancer that ends: the hammer's idle connections, and those on which somebody is about to ask. */
export const OPEN_CONNECTIONS = 16 + 3 * LOAD.rates['late-ask'] + 3 * LOAD.rates['slow-post']
