import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A PATH, made in that folder, on which all is that is on ours, but bash. */
export function pathWithoutBash(folder: string): string {
  return pathWithout(['bash', 'rbash'], folder)
}

/** A PATH on which `sh` is bash. */
export function pathWithBashAsSh(folder: string): string {
  const path = pathWithout(['sh', 'dash'], folder)
  symlinkSync('bash', join(folder, 'sh'))
  return path
}

function pathWithout(names: readonly string[], folder: string): string {
  const linked = new Set(names)
  mkdirSync(folder)
  for (const place of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of namesIn(place)) {
      if (linked.has(name)) continue
      linked.add(name)
      symlinkSync(join(place, name), join(folder, name))
    }
  }
  return folder
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
