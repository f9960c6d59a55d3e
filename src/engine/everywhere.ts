/** The same on many machines at once. The only place that imports p-limit. */
import pLimit from 'p-limit'
import { UserError } from '../errors.ts'

/** So many machines at once: a git host's sshd drops more than about ten new connections at a time (MaxStartups 10). */
const atOnceMax = 8

export type Settled<Item, Value> =
  | { readonly item: Item; readonly ok: true; readonly value: Value }
  | { readonly item: Item; readonly ok: false; readonly error: UserError }

/** Does it for each, and never stops at the first that fails. Only a mistake of ours rejects. */
export async function everywhere<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<Value>,
): Promise<readonly Settled<Item, Value>[]> {
  const limit = pLimit(atOnceMax)
  return Promise.all(items.map((item) => limit(() => settle(item, work))))
}

async function settle<Item, Value>(item: Item, work: (item: Item) => Promise<Value>): Promise<Settled<Item, Value>> {
  try {
    return { item, ok: true, value: await work(item) }
  } catch (error) {
    if (error instanceof UserError) return { item, ok: false, error }
    throw error
  }
}
