import { readFile } from 'node:fs/promises'
import { extname, isAbsolute, relative } from 'node:path'
import { UserError } from '../errors.ts'
import type { Source } from './source.ts'

const kinds: Readonly<Record<string, 'module' | 'json' | 'yaml'>> = {
  '.js': 'module',
  '.cjs': 'module',
  '.mjs': 'module',
  '.ts': 'module',
  '.mts': 'module',
  '.cts': 'module',
  '.json': 'json',
  '.json5': 'json',
  '.yml': 'yaml',
  '.yaml': 'yaml',
}

/**
 * Reads a configuration by its extension. Rejects with UserError `config`, with file and line, where it cannot be
 * read. A JS or TS file is run, once in the life of this process: it may read the environment.
 */
export async function readConfig(file: string, cwd: string): Promise<Source> {
  const shown = shownPath(file, cwd)
  const kind = kinds[extname(file)]
  if (kind === undefined) {
    throw new UserError('config', `${shown} is of no kind that can be read`, {
      hint: `Known are ${Object.keys(kinds).join(' ')}`,
    })
  }
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UserError(
      'config',
      `${shown} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    )
  })
  if (kind === 'module') {
    const { readModule } = await import('./read-module.ts')
    return { shown, data: await readModule(file, shown), locate: () => shown, text }
  }
  const { readData } = await import('./read-data.ts')
  return { shown, ...readData(text, { kind, shown }), text }
}

function shownPath(file: string, cwd: string): string {
  const inside = relative(cwd, file)
  return inside === '' || inside.startsWith('..') || isAbsolute(inside) ? file : inside
}
