/** What `pm2 deploy` left on a host that it set up: one work tree, `source`, to which `current` leads. */
import { UserError } from '../errors.ts'
import type { Layout } from './layout.ts'
import { releaseId } from './release.ts'
import { quote } from './shell.ts'

/** The work tree of another tool, and what stands in it that the repository does not have. */
export interface Source {
  /** Full: what is checked out. */
  readonly sha: string
  /** As of a release that was laid out when the commit was made: the same on every host of that commit. */
  readonly id: string
  /** Not in git, whether git ignores it or not. A folder ends with `/`. Without what an install makes. */
  readonly untracked: readonly Entry[]
  /** In git, and changed by hand. */
  readonly changed: readonly string[]
  /** Why paths of `shared` cannot be brought there, one sentence each. */
  readonly hindrances: readonly string[]
}

export interface Entry {
  readonly path: string
  /** null: not counted, for there is too much of it. */
  readonly kib: number | null
}

/** What is looked for in it. As `Sharing.paths`. */
export interface Named {
  /** To be brought to `shared`. */
  readonly shared: readonly string[]
  readonly ignore: readonly string[]
}

const mark = 'zdr-source'
/** Counting goes on for so long, and each entry may take so long: there may be many, or very large ones. */
const countingSeconds = 10
const countSeconds = 3
/** What an install makes, and each release makes anew. */
const installed = ['node_modules', '.pnp.cjs', '.pnp.loader.mjs', '.yarn/install-state.gz']

/** Read by `parseSource`. Changes nothing, not even git's index. */
export function lookAtSourceScript(layout: Layout, { shared, ignore }: Named): string {
  const folders = [...new Set([...shared, ...ignore].flatMap(foldersAbove))]
  const expanded =
    folders.length === 0 ? 'false' : `case $1 in ${folders.map(quote).join(' | ')}) ;; *) return 1 ;; esac`
  return `set -u
export LC_ALL=C GIT_OPTIONAL_LOCKS=0 GIT_LITERAL_PATHSPECS=1
${places(layout)}say() { printf '${mark}\\t%s\\t%s\\n' "$1" "$2"; }
in_source() { git -C "$source" "$@"; }
say begin ''
if [ ! -L "$current" ] || [ ! -d "$source" ] || [ "$(real "$current")" != "$(real "$source")" ]; then say end ''; exit 0; fi
sha=$(in_source rev-parse --verify 'HEAD^{commit}') && made=$(in_source show -s --format=%ct "$sha") || exit
say commit "$sha $made"
is_expanded() { ${expanded}; }
count() {
  kib=-
  if [ "$(($(date +%s) - began))" -lt ${countingSeconds} ]; then
    size() { du -sk -- "$source/$1" 2>/dev/null; }
    if command -v timeout >/dev/null 2>&1; then size() { timeout ${countSeconds} du -sk -- "$source/$1" 2>/dev/null; }; fi
    kib=$(size "$1") && kib=\${kib%%[!0-9]*} || kib=-
  fi
  say untracked "\${kib:--}\t$1"
}
began=$(date +%s)
status=$(in_source status --porcelain -z --ignored --untracked-files=normal --no-renames | tr '\\000' '\\n') || exit
printf '%s\\n' "$status" | while IFS= read -r line; do
  path=\${line#???}
  case $line in
    '') ;;
    '?? '* | '!! '*)
      if is_expanded "$path"; then
        in_source ls-files --others -z -- "$path" | tr '\\000' '\\n' | while IFS= read -r one; do count "$one"; done
      else count "$path"; fi ;;
    *) say changed "$path" ;;
  esac
done
${checkFunctions}${shared.map((path) => `check ${quote(path)}\n`).join('')}say end ''
`
}

/** null where `current` leads to no `source`. Rejects half an answer with UserError `host-command`. */
export function parseSource(stdout: string): Source | null {
  const facts = stdout.split('\n').flatMap((line) => {
    const [head, name = '', ...rest] = line.split('\t')
    return head === mark ? [{ name, values: rest }] : []
  })
  if (facts[0]?.name !== 'begin' || facts.at(-1)?.name !== 'end')
    throw new UserError('host-command', 'the host did not tell all that lies in `source`', {
      output: stdout.slice(-2000),
    })
  const all = (name: string) => facts.filter((fact) => fact.name === name).map(({ values }) => values)
  const [commit] = all('commit')
  if (commit === undefined) return null
  const [sha = '', made = '0'] = (commit[0] ?? '').split(' ')
  const untracked = all('untracked').map(([kib = '-', ...path]) => ({
    path: path.join('\t'),
    kib: kib === '-' ? null : Number(kib),
  }))
  return {
    sha,
    id: releaseId(new Date(Number(made) * 1000), sha),
    untracked: untracked.filter(({ path }) => !isInstalled(path)),
    changed: all('changed').map((path) => path.join('\t')),
    hindrances: all('hindrance').map((text) => text.join('\t')),
  }
}

/** Whether it stands in something that is named, or is it. */
export function isNamed(path: string, named: readonly string[]): boolean {
  const bare = path.replace(/\/$/, '')
  return named.map((each) => each.replace(/\/$/, '')).some((each) => bare === each || bare.startsWith(`${each}/`))
}

function isInstalled(path: string): boolean {
  const parts = path.replace(/\/$/, '').split('/')
  return installed.some((name) => path === name || (!name.includes('/') && parts.includes(name)))
}

/** `config/keys/master.key` → `config/`, `config/keys/` */
function foldersAbove(path: string): readonly string[] {
  const parts = path.replace(/\/$/, '').split('/').slice(0, -1)
  return parts.map((_, index) => `${parts.slice(0, index + 1).join('/')}/`)
}

/** What the scripts for it have in common. */
export function places({ base, current, releases, shared, source, taken }: Layout): string {
  return `base=${quote(base)} current=${quote(current)} releases=${quote(releases)} shared=${quote(shared)} source=${quote(source)} taken=${quote(taken)}
real() { (cd -P "$1" 2>/dev/null && pwd -P); }
refuse() { printf '%s\\n' "$1" >&2; exit 1; }
`
}

/** `check`: says why a path cannot be brought to `shared`; nothing where there is nothing to bring, or it is there. */
export const checkFunctions = `is_ours() { [ -L "$source/$1" ] && [ "$(readlink "$source/$1")" = "$shared/$1" ]; }
is_same() {
  there=$(readlink -f "$source/$1") || return
  [ "$there" = "$(readlink -f "$shared/$1")" ]
}
check() {
  path=\${1%/}
  [ -e "$source/$path" ] || return 0
  if is_ours "$path" || is_same "$path"; then return 0; fi
  tracked=$(in_source ls-files -- "$path" | grep -vE '(^|/)\\.(gitkeep|keep|gitignore)$' | head -n 1)
  [ -z "$tracked" ] || { say hindrance "\\\`shared\\\` names $1, and the repository has $tracked: take one of them out"; return; }
  case $1 in
    */)
      [ -d "$source/$path" ] || { say hindrance "$source/$path is a file, and \\\`shared\\\` names it as a folder: write \\\`$path\\\`"; return; }
      [ -e "$shared/$path" ] || return 0
      [ -d "$shared/$path" ] && [ -z "$(ls -A "$shared/$path")" ] ||
        say hindrance "$source/$path and $shared/$path both have something in them: bring it together in one, and remove the other" ;;
    *)
      [ ! -d "$source/$path" ] || { say hindrance "$source/$path is a folder, and \\\`shared\\\` names it as a file: write \\\`$path/\\\`"; return; }
      [ ! -e "$shared/$path" ] || cmp -s "$source/$path" "$shared/$path" ||
        say hindrance "$source/$path and $shared/$path differ: remove the one that is not meant" ;;
  esac
}
`
