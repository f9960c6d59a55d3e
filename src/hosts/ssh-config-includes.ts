/** ~/.ssh/config as one text, with the files that it includes in their place. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'

/** As in OpenSSH. Also ends a file that includes itself. */
const DEPTH_MAX = 16

/** A missing or unreadable file is an empty one. */
export async function readWithIncludes(file: string, home: string): Promise<string> {
  return read(file, { home, depth: 0 })
}

interface Surroundings {
  readonly home: string
  readonly depth: number
}

async function read(file: string, { home, depth }: Surroundings): Promise<string> {
  if (depth > DEPTH_MAX) return ''
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines: string[] = []
  // A block that begins in an included file ends with that file, so the block around it is opened again.
  let block = 'Host *'
  for (const line of text.split('\n')) {
    const [, option, value = ''] = /^\s*(host|match|include)(?:\s*=\s*|\s+)(.*)$/i.exec(line) ?? []
    if (option?.toLowerCase() !== 'include') {
      if (option !== undefined) block = line
      lines.push(line)
      continue
    }
    for (const path of await included(value, home)) lines.push(await read(path, { home, depth: depth + 1 }))
    lines.push(block)
  }
  return lines.join('\n')
}

/** Several patterns may stand on a line; a relative one is looked for in ~/.ssh (ssh_config(5), Include). */
async function included(value: string, home: string): Promise<readonly string[]> {
  const patterns = [...value.matchAll(/"([^"]+)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
  const files = await Promise.all(
    patterns.map(async (pattern) => {
      const path = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : pattern
      return matching(isAbsolute(path) ? path : join(home, '.ssh', path))
    }),
  )
  return files.flat()
}

/** `*` and `?` in the file's name, not in its folder's. In order, without hidden files, as glob(7) has it. */
async function matching(pattern: string): Promise<readonly string[]> {
  if (!/[*?]/.test(pattern)) return [pattern]
  const source = basename(pattern)
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const names = await readdir(dirname(pattern)).catch((): string[] => [])
  const wanted = names.filter((name) => !name.startsWith('.') && new RegExp(`^${source}$`).test(name))
  return wanted.sort().map((name) => join(dirname(pattern), name))
}
