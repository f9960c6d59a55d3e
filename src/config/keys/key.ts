/** How a key of the configuration is described: for the JSON Schema, the types, `help config` and the README alike. */
import type { Form } from './forms.ts'

export interface Key {
  /** In a sentence or two of Markdown, without a full stop. Stands by itself: an editor shows nothing else. */
  readonly meaning: string
  /** How its value is written; undefined where that is only a section. */
  readonly form?: Form
  /** The object that may stand in its place. */
  readonly section?: Section
  /** A list of such values is taken too, of at least so many. */
  readonly listOf?: 0 | 1
  /** The value that holds where none is written. */
  readonly default?: string | number | boolean
  /** What holds where none is written, where that is no value. */
  readonly without?: string
  readonly examples: readonly [Value, ...Value[]]
  /** What `pm2 deploy` reads too. */
  readonly isOfPm2?: true
}

export interface Section {
  /** Of its type. */
  readonly name: string
  readonly keys: Keys
  /** Without these it is refused. */
  readonly needs: readonly string[]
  /** Other keys that are taken there, if they say what the environment says. */
  readonly repeats?: readonly string[]
}

export type Keys = Readonly<Record<string, Key>>

/** As JSON has it. */
export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value }
