import type { z } from 'zod'
import { type KeyPath, kindOf, type Problem, unknownKey } from './problem.ts'

export type Shape = Readonly<Record<string, z.ZodType>>

/** What could be read. A key is missing here where it was not written, and where it was wrong. */
export type Section<Keys extends Shape> = { readonly [Key in keyof Keys]?: z.output<Keys[Key]> }

/** Reads an object key by key, so that one wrong value hides no other. Adds what is wrong to `problems`. */
export function readSection<Keys extends Shape>(
  raw: unknown,
  shape: Keys,
  { path, problems }: { readonly path: KeyPath; readonly problems: Problem[] },
): Section<Keys> {
  if (!isObject(raw)) {
    problems.push({ path, text: `must be an object, not ${kindOf(raw)}` })
    return {}
  }
  const section: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(raw)) {
    const at = [...path, key]
    const schema = Object.hasOwn(shape, key) ? shape[key] : undefined
    if (schema === undefined) problems.push({ path: at, text: unknownKey(key, Object.keys(shape)) })
    // What is undefined has been reported, with the variable that it should have come from.
    else if (value !== undefined) section[key] = readValue(value, schema, { path: at, problems })
  }
  return section as Section<Keys>
}

/** undefined where it is wrong. */
export function readValue<Schema extends z.ZodType>(
  raw: unknown,
  schema: Schema,
  { path, problems }: { readonly path: KeyPath; readonly problems: Problem[] },
): z.output<Schema> | undefined {
  const result = schema.safeParse(raw)
  if (result.success) return result.data
  for (const issue of result.error.issues) {
    // A single value is read as a list of one: its index is not the user's.
    const inside = Array.isArray(raw) ? issue.path.filter((key) => typeof key !== 'symbol') : []
    problems.push({ path: [...path, ...inside], text: issue.message })
  }
  return undefined
}

export function isObject(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw)
}

export interface Leaf {
  readonly path: KeyPath
  readonly value: unknown
}

/** Every value below `raw` that holds no others. */
export function leaves(raw: unknown, path: KeyPath = []): readonly Leaf[] {
  if (typeof raw !== 'object' || raw === null) return [{ path, value: raw }]
  // A configuration is a few levels deep; one that holds itself would have no end.
  if (path.length > deepest) return []
  return Array.isArray(raw)
    ? raw.flatMap((item, index) => leaves(item, [...path, index]))
    : Object.entries(raw).flatMap(([key, value]) => leaves(value, [...path, key]))
}

const deepest = 10
