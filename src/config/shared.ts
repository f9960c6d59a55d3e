/** `shared`, `upload` and `ignore`: what stands in a release and does not come from the repository. */
import { dirname, posix, resolve } from 'node:path'
import type { Check } from './check.ts'
import { invalid, type KeyPath, keyText, kindOf, type Parsed, valid } from './problem.ts'
import { isObject, readValue } from './section.ts'
import { localFile } from './ssh-options.ts'
import type { EnvironmentConfig } from './types.ts'

/** A place in a release, and below `<path>/shared`; the `/` behind a folder is kept. */
export function parseSharedPath(written: string): Parsed<string> {
  if (/^[/~]/.test(written)) return invalid('must be a path inside the release: it is the same below `<path>/shared`')
  if (/[*?[\]{}]/.test(written)) return invalid('is taken as it is, without patterns: name the file, or its folder')
  const path = posix.normalize(written).replace(/^\.\/$/, '.')
  const parts = path.split('/')
  if (parts[0] === '..') return invalid('must be a path inside the release: it leads out of it')
  if (path === '.') return invalid('is the release itself: name what is in it')
  if (parts[0] === '.git') return invalid("is git's own, and each release has one: take it out")
  if (parts.includes('node_modules'))
    return invalid('would change under the app that runs: each release has its own, so take it out')
  return valid(path)
}

/** What is linked from `<path>/shared`, and what `upload` brings. */
export function checkShared(check: Check): Pick<EnvironmentConfig, 'shared' | 'uploads' | 'ignore'> {
  const { block, path, problems, raw } = check
  const places = (block.shared ?? []).map((place, index) => ({
    place,
    at: [...path, 'shared', ...(Array.isArray(raw.shared) ? [index] : [])],
  }))
  const uploads = checkUpload(check)
  for (const { to, at } of uploads)
    if (!places.some(({ place }) => place === to)) places.push({ place: to, at: [...at] })
  for (const [index, { place, at }] of places.entries()) {
    const other = places.slice(0, index).find((earlier) => overlap(earlier.place, place))?.place
    if (other !== undefined) problems.push({ path: at, text: overlapText(place, other) })
  }
  return {
    shared: places.map(({ place }) => place),
    uploads: uploads.map(({ file, shown, to, at }) => ({
      file,
      shown,
      to,
      where: `${check.source.locate(at)} ${keyText(at)}`,
    })),
    ignore: block.ignore ?? [],
  }
}

function overlap(one: string, other: string): boolean {
  const [a, b] = [one, other].map((place) => `${place.replace(/\/$/, '')}/`) as [string, string]
  return a.startsWith(b) || b.startsWith(a)
}

function overlapText(place: string, other: string): string {
  if (place === other) return `has \`${place}\` twice: take one out`
  return `has \`${place}\`, and \`${other}\` is named too: one of them would stand in the other, so take one out`
}

interface Written {
  /** Absolute. */
  readonly file: string
  readonly shown: string
  readonly to: string
  readonly at: KeyPath
}

/** `pm2 deploy` reads its own keys wherever they stand, the last one of each. */
const keysOfPm2Deploy = ['host', 'port', 'user', 'key', 'ref', 'path', 'repo']

function checkUpload({ raw, path, problems, schemas, source, cwd }: Check): readonly Written[] {
  if (raw.upload === undefined) return []
  const at = [...path, 'upload']
  if (!isObject(raw.upload)) {
    const text = `must be an object of local files and what they become: \`{ '.env.production': '.env' }\`, not ${kindOf(raw.upload)}`
    problems.push({ path: at, text })
    return []
  }
  const folder = dirname(resolve(cwd, source.shown))
  return Object.entries(raw.upload).flatMap(([shown, value]) => {
    const here = [...at, shown]
    if (keysOfPm2Deploy.includes(shown))
      problems.push({ path: here, text: `would be taken by pm2 deploy for its own \`${shown}\`: write \`./${shown}\`` })
    if (value === undefined) return []
    const to = readValue(value, schemas.sharedPath, { path: here, problems })
    if (to === undefined) return []
    if (to.endsWith('/'))
      problems.push({ path: here, text: `is \`${to}\`, a folder: write which file \`${shown}\` becomes there` })
    return [{ file: localFile(shown, folder), shown, to, at: here }]
  })
}
