/** What is missing in a file that is there, as lines to paste, and where. Pure: nobody writes over a file. */
import { extname } from 'node:path'
import { hasApps, type Source } from '../../config/source.ts'
import { type Language, type Part, partsText } from './text.ts'

export interface Paste {
  /** `inside \`production: {\`, ecosystem.config.js:14` */
  readonly where: string
  readonly text: string
}

/** `environment`: the block that is there, and lacks these parts; null: the whole section is to be added. */
export function pasteText(source: Source, parts: readonly Part[], environment: string | null): Paste {
  const language = languageOf(source.shown)
  return environment === null ? wholeSection(source, parts, language) : insideBlock(source, parts, environment)
}

export function languageOf(file: string): Language {
  const extension = extname(file)
  if (extension === '.yml' || extension === '.yaml') return 'yaml'
  return extension.startsWith('.json') ? 'json' : 'js'
}

/** Whether a section can be added at all: not to a bare list of apps. */
export function takesSection(source: Source): boolean {
  return !(hasApps(source) && Array.isArray(source.data))
}

function wholeSection({ shown, text }: Source, parts: readonly Part[], language: Language): Paste {
  if (language === 'yaml')
    return { where: `at the end of ${shown}`, text: `deploy:\n  production:\n${partsText(parts, language, '    ')}` }
  const inner = partsText(parts, language, '      ')
  return {
    where: `above the last \`}\`, ${shown}:${lineOf(text, text.lastIndexOf('}'))}, with a comma behind what stands there`,
    text:
      language === 'json'
        ? `  "deploy": {\n    "production": {\n${inner}    }\n  }\n`
        : `  deploy: {\n    production: {\n${inner}    },\n  },\n`,
  }
}

function insideBlock(source: Source, parts: readonly Part[], environment: string): Paste {
  const { shown } = source
  const language = languageOf(shown)
  const line = lineOfBlock(source, environment)
  const text = partsText(parts, language, indentBelow(source, line))
  const place = line === null ? shown : `${shown}:${line}`
  switch (language) {
    case 'yaml':
      return { where: `under \`${environment}:\`, ${place}`, text }
    case 'json':
      return { where: `first in \`"${environment}": {\`, ${place}`, text: text.replace(/\n$/, ',\n') }
    case 'js':
      return { where: `first in \`${environment}: {\`, ${place}`, text }
  }
}

/** null where a file that is a program builds it in another way. */
function lineOfBlock({ shown, text, locate }: Source, environment: string): number | null {
  const located = /:(\d+):\d+$/.exec(locate(['deploy', environment]))?.[1]
  if (located !== undefined) return Number(located)
  const section = Math.max(0, text.search(/\bdeploy\b["']?\s*[:=]/))
  const key = environment.replaceAll(/[^\w-]/g, String.raw`\$&`)
  const at =
    languageOf(shown) === 'js' ? text.slice(section).search(new RegExp(`(?<![\\w-])${key}["']?\\s*:\\s*\\{`)) : -1
  return at < 0 ? null : lineOf(text, section + at)
}

const usualIndent = '      '

/** As the first key of the block stands there. */
function indentBelow({ text }: Source, line: number | null): string {
  const below = line === null ? [] : text.split('\n').slice(line)
  return /^[ \t]+/.exec(below.find((each) => each.trim() !== '') ?? '')?.[0] ?? usualIndent
}

/** From 1. */
function lineOf(text: string, offset: number): number {
  return text.slice(0, Math.max(0, offset)).split('\n').length
}
