/** What a host is and has, found out once, before anything else is run there. */
import { UserError } from '../errors.ts'
import { quote } from './shell.ts'

/** Where a PATH came from, in the order in which they are tried. */
export const pathSources = ['plain', 'login shell', 'interactive shell', 'well-known places'] as const
export type PathSource = (typeof pathSources)[number]

/** What later scripts can make use of where it is there. */
const helpers = ['flock', 'ss', 'curl', 'wget', 'bash', 'timeout', 'sudo'] as const
export type Helper = (typeof helpers)[number]

export interface TriedPath {
  readonly from: PathSource
  readonly path: string
  /** The tools that are not on it. */
  readonly missing: readonly string[]
}

export interface FoundTool {
  readonly name: string
  readonly location: string
  /** As it says itself, `v20.20.2`; '' where it says nothing. */
  readonly version: string
}

export interface Probe {
  readonly user: string
  readonly home: string
  readonly shell: string
  /** The configured path, absolute, links resolved, with this host's home for `~`. */
  readonly base: string
  /** True where `base` is a folder that we may write to, or can be made. */
  readonly writable: boolean
  /** The nearest folder that exists: `base` or one above it. */
  readonly nearest: string
  /** There; null where it could not be had. */
  readonly freeBytes: number | null
  /** False: the disk has room, but no inode is left. */
  readonly inodesLeft: boolean
  /** The first PATH that has all the tools; null where none has. */
  readonly path: TriedPath | null
  readonly tried: readonly TriedPath[]
  /** On the chosen PATH, or on the plain one where none was chosen. */
  readonly tools: readonly FoundTool[]
  readonly epochSeconds: number
  /** Changes with each boot; null where the kernel does not tell. */
  readonly bootId: string | null
  readonly has: Readonly<Record<Helper, boolean>>
}

export interface ProbeOptions {
  /** As configured; `~` and `~/…` are the host's home. */
  readonly path: string
  /** What must be on the PATH: `git`, `node`, `pm2`. */
  readonly tools: readonly string[]
  /** Shell text that goes before: the user's own `export`s. */
  readonly preamble: string
}

const shellTimeoutSeconds = 5
const versionTimeoutSeconds = 10
const mark = 'zdr-probe'

export function probeScript({ path, tools, preamble }: ProbeOptions): string {
  return `${preamble}
set -u
say() { printf '${mark}\\t%s\\t%s\\n' "$1" "$2"; }
tools=${quote(tools.join(' '))}
shell=\${SHELL:-$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f7)}
[ -n "$shell" ] || shell=/bin/sh
base=${hostPath(path)}
say begin ''
say user "$(id -un)"
say home "$HOME"
say shell "$shell"
${folderFacts}
say base "$base"
say epoch "$(date +%s)"
say boot "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
for helper in ${helpers.join(' ')}; do
  (PATH=$PATH:/usr/sbin:/sbin; command -v "$helper" >/dev/null 2>&1) && say has "$helper"
done
${pathFacts}
say end ''
`
}

/** Rejects half an answer with UserError `host-command`. */
export function parseProbe(stdout: string): Probe {
  const facts = stdout.split('\n').flatMap((line) => {
    const [head, name, ...rest] = line.split('\t')
    return head === mark && name !== undefined ? [{ name, values: rest }] : []
  })
  if (facts[0]?.name !== 'begin' || facts.at(-1)?.name !== 'end') {
    throw new UserError('host-command', 'the host did not tell all about itself', { output: stdout.slice(-2000) })
  }
  const all = (name: string): readonly (readonly string[])[] =>
    facts.filter((f) => f.name === name).map((f) => f.values)
  const one = (name: string): string => all(name)[0]?.join('\t') ?? ''
  const tried = all('tried').flatMap(readTried)
  const having = all('has').map(([name]) => name)
  return {
    user: one('user'),
    home: one('home'),
    shell: one('shell'),
    base: one('base'),
    writable: one('writable') === 'yes',
    nearest: one('nearest'),
    freeBytes: one('free') === '' ? null : Number(one('free')) * 1024,
    inodesLeft: one('inodes') !== '0',
    path: tried.find(({ missing }) => missing.length === 0) ?? null,
    tried,
    tools: all('tool').map(([name = '', location = '', version = '']) => ({ name, location, version })),
    epochSeconds: Number(one('epoch')),
    bootId: one('boot') === '' ? null : one('boot'),
    has: Object.fromEntries(helpers.map((name) => [name, having.includes(name)])) as Record<Helper, boolean>,
  }
}

function readTried([from, path = '', missing = '']: readonly string[]): readonly TriedPath[] {
  const source = pathSources.find((name) => name === from)
  return source === undefined ? [] : [{ from: source, path, missing: missing.split(' ').filter((tool) => tool !== '') }]
}

/** A word of shell text for a path on the host. */
function hostPath(path: string): string {
  if (path === '~') return '$HOME'
  return path.startsWith('~/') ? `"$HOME"/${quote(path.slice(2))}` : quote(path)
}

const folderFacts = `nearest=$base
until [ -e "$nearest" ] || [ -L "$nearest" ] || [ "$nearest" = / ]; do nearest=$(dirname "$nearest"); done
# Processes are known by the real folders that they stand in.
[ ! -d "$nearest" ] || base=$(cd -P "$nearest" && pwd -P)\${base#"$nearest"}
say nearest "$nearest"
if [ -d "$nearest" ] && [ -w "$nearest" ] && [ -x "$nearest" ]; then say writable yes; else say writable no; fi
say free "$(LC_ALL=C df -Pk "$nearest" 2>/dev/null | sed -n 's/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1/p')"
# A filesystem without a fixed number of inodes shows "-" for the share in use, and is passed over.
say inodes "$(LC_ALL=C df -Pi "$nearest" 2>/dev/null | sed -n 's/.* \\([0-9][0-9]*\\)  *[0-9][0-9]*% .*/\\1/p')"`

/**
 * A shell that nobody types into has often not read what puts node on its PATH (nvm, volta, asdf). So the user's own
 * shell is asked, between marks, since start-up files print things and may wait for ever.
 */
const pathFacts = `lacking() (
  PATH=$1 lacks=
  for tool in $tools; do command -v "$tool" >/dev/null 2>&1 || lacks="$lacks $tool"; done
  printf '%s' "\${lacks# }"
)
asked() {
  command -v timeout >/dev/null 2>&1 || return 0
  timeout -k 1 ${shellTimeoutSeconds} "$shell" "$1" 'printf "\\nzdr-path:%s:zdr-path\\n" "$PATH"' </dev/null 2>/dev/null |
    sed -n 's/.*zdr-path:\\(.*\\):zdr-path.*/\\1/p' | tail -n 1
}
well_known() {
  versions=\${NVM_DIR:-$HOME/.nvm}/versions/node
  wanted=$(cat "\${NVM_DIR:-$HOME/.nvm}/alias/default" 2>/dev/null)
  case $wanted in v[0-9]* | [0-9]*) wanted=v\${wanted#v} ;; *) wanted=v ;; esac
  for prefix in "$wanted" v; do
    newest=$(cd "$versions" 2>/dev/null && ls -d "$prefix"[0-9.]* "$prefix" 2>/dev/null | sed 's/^v//' | sort -t. -k1,1n -k2,2n -k3,3n | tail -n 1)
    [ -z "$newest" ] || break
  done
  for place in \${newest:+"$versions/v$newest/bin"} "$HOME/.volta/bin" "$HOME/.asdf/shims" /usr/local/bin /opt/homebrew/bin; do
    [ ! -d "$place" ] || printf '%s:' "$place"
  done
}
chosen=
try() {
  [ -z "$chosen" ] && [ -n "$2" ] || return 0
  lacks=$(lacking "$2")
  say tried "$1\t$2\t$lacks"
  [ -n "$lacks" ] || chosen=$2
}
plain=$PATH
try plain "$plain"
[ -n "$chosen" ] || { found=$(asked -lc); try 'login shell' "\${found:+$found:$plain}"; }
[ -n "$chosen" ] || { found=$(asked -ic); try 'interactive shell' "\${found:+$found:$plain}"; }
[ -n "$chosen" ] || try 'well-known places' "$(well_known)$plain"
PATH=\${chosen:-$plain}
cd "$HOME" 2>/dev/null || cd /
limited() { if command -v timeout >/dev/null 2>&1; then timeout -k 1 ${versionTimeoutSeconds} "$@"; else "$@"; fi; }
for tool in $tools; do
  location=$(command -v "$tool" 2>/dev/null) || continue
  case $tool in
    # Asked in any other way, pm2 starts its daemon first.
    pm2) version=$(limited pm2 -v -- </dev/null 2>/dev/null | tail -n 1) ;;
    *) version=$(limited "$tool" --version </dev/null 2>/dev/null | head -n 1) ;;
  esac
  say tool "$tool\t$location\t$version"
done`
