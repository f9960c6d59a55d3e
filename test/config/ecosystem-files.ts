/** Files as people write them. Each is there for a reason, which its first line says. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const filesFolder = join(import.meta.dirname, 'ecosystem-files')

export function ecosystemFiles(): readonly string[] {
  return readdirSync(filesFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(filesFolder.length + 1))
    .sort()
}

/** The texts of a block's post-deploy, as pm2 deploy gets them. */
export function writtenTexts(block: Readonly<Record<string, unknown>>): readonly string[] {
  return [block['post-deploy']]
    .flat()
    .filter((text) => typeof text === 'string')
    .map((text) => text.trim())
    .filter((text) => text !== '')
}
