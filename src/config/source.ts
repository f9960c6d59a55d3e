import { posix } from 'node:path'
import type { KeyPath } from './problem.ts'

/** A configuration file that was read. */
export interface Source {
  /** As it is shown: relative to where we stand, when it is below. */
  readonly shown: string
  /** What it says. Not checked. */
  readonly data: unknown
  /** `deploy.yml:12:5` of the key, or of the nearest one above it that is there; `ecosystem.config.js` where lines are not known. */
  readonly locate: (path: KeyPath) => string
  /** As it stands in the file. */
  readonly text: string
}

/** The environments' blocks; undefined where the file has none. */
export function deploySection(source: Source): Readonly<Record<string, unknown>> | undefined {
  const section = propertyOf(source.data, 'deploy')
  return typeof section === 'object' && section !== null ? (section as Readonly<Record<string, unknown>>) : undefined
}

export function hasApps(source: Source): boolean {
  return propertyOf(source.data, 'apps') !== undefined || Array.isArray(source.data)
}

/** The apps of an ecosystem file: settings, and where they stand. */
export function appsOf({ data }: Source): readonly WrittenApp[] {
  const isList = Array.isArray(data)
  const apps: unknown = isList ? data : propertyOf(data, 'apps')
  return (Array.isArray(apps) ? (apps as readonly unknown[]) : []).flatMap((app, index): readonly WrittenApp[] => {
    const script = propertyOf(app, 'script')
    if (typeof script !== 'string') return []
    const name = propertyOf(app, 'name')
    const path = isList ? [index] : ['apps', index]
    return [
      {
        name: typeof name === 'string' ? name : posix.parse(script).name,
        path,
        settings: app as WrittenApp['settings'],
      },
    ]
  })
}

export interface WrittenApp {
  readonly name: string
  readonly path: KeyPath
  readonly settings: Readonly<Record<string, unknown>>
}

function propertyOf(data: unknown, key: string): unknown {
  return typeof data === 'object' && data !== null && Object.hasOwn(data, key)
    ? (data as Readonly<Record<string, unknown>>)[key]
    : undefined
}
