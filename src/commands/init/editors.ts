/** The line by which an editor knows the keys of a file. */
import { extname } from 'node:path'

const schema = 'node_modules/zdr-deploy/schema.json'

/** What stands at the top of a new file. */
export const yamlHead = `# yaml-language-server: $schema=${schema}\n`
export const moduleHead = "/** @type {import('zdr-deploy').Config} */\n"

/** What a person may add to a file that is there; null where it names us already. */
export function editorHint({ shown, text }: { readonly shown: string; readonly text: string }): string | null {
  if (text.includes('zdr-deploy')) return null
  switch (extname(shown)) {
    case '.ts':
      return "For your editor, around what it exports: import { defineConfig } from 'zdr-deploy'"
    case '.yml':
    case '.yaml':
      return `For your editor, its first line: ${yamlHead.trimEnd()}`
    case '.json':
    case '.json5':
      return `For your editor, first in it: "$schema": "./${schema}",`
    default:
      return `For your editor, above what it exports: ${moduleHead.trimEnd()}`
  }
}
