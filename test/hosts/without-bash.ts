import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A PATH on which all is that is on ours, but bash. Made in that folder. */
export function pathWithoutBash(folder: string): string {
  const linked = new Set(['bash', 'rbash'])
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
