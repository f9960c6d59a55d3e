/**
 * Builders of the scripts that lay out, activate and remove releases on a host. POSIX sh; each may be repeated, and
 * what must be whole is made under another name first, then renamed.
 */
import type { Manifest } from './history.ts'
import { type Installs, installsHead, isPlainInstall } from './installs.ts'
import type { Layout } from './layout.ts'
import { asksNobody } from './mirror.ts'
import { exports, quote } from './shell.ts'

/** How `activateScript` ends where it refuses; its last line on stderr says why. */
export const activateExit = { currentIsFolder: 20, noRelease: 21 } as const

const shortShaLength = 7
/** A shell pattern for what `releaseId` makes: nothing else in `releases` is ours. */
export const releasePattern = `${'[0-9]'.repeat(14)}-${'[0-9a-f]'.repeat(shortShaLength)}`

/** `20261121031500-1a2b3c4`: UTC, so that ids sort by time wherever they were made. */
export function releaseId(now: Date, sha: string): string {
  const time = now.toISOString().slice(0, 19).replaceAll(/\D/g, '')
  return `${time}-${sha.slice(0, shortShaLength)}`
}

/** The folders. */
export function setupScript(layout: Layout): string {
  return `set -eu
mkdir -p ${quote(layout.base)} ${quote(layout.releases)} ${quote(layout.shared)}
mkdir -p -m 0700 ${quote(layout.zdr)}
chmod 0700 ${quote(layout.zdr)}
mkdir -p ${quote(layout.manifests)}
# Where a release looks for what is beside it, as it did in the work tree of pm2 deploy.
[ -L ${quote(`${layout.releases}/shared`)} ] || [ -e ${quote(`${layout.releases}/shared`)} ] || ln -s ../shared ${quote(`${layout.releases}/shared`)}
`
}

/**
 * Lays out the manifest's commit as `releases/<id>`, a clone of its own: builds may ask git, and the mirror may go. What
 * it has in submodules and in Git LFS is fetched from where that is.
 * The manifest is written when a release is prepared, and before it is activated. A folder without one was left by a
 * preparation that ended half-way: nothing ever ran from it, and it is laid out anew.
 */
export function layOutScript(layout: Layout, { id, sha }: Pick<Manifest, 'id' | 'sha'>): string {
  return `set -u
mirror=${quote(layout.mirror)} release=${quote(`${layout.releases}/${id}`)} part=${quote(`${layout.releases}/.${id}.part`)} sha=${quote(sha)}
trash=${quote(`${layout.zdr}/trash`)} active=$(cd -P ${quote(layout.current)} 2>/dev/null && pwd -P) || active=
${asksNobody}if [ -d "$release" ] && [ ! -e ${quote(`${layout.manifests}/${id}.json`)} ] && [ "$(cd -P "$release" && pwd -P)" != "$active" ]; then
  mkdir -p "$trash" && mv "$release" "$trash/${id}.$$" && rm -rf "$trash" || exit
fi
if [ -d "$release" ]; then
  [ "$(git -C "$release" rev-parse HEAD)" = "$sha" ] && exit 0
  printf '%s\\n' "$release is there, and is not $sha" >&2
  exit 1
fi
# The attributes may name no file that is there; an old git cannot say.
has_large() {
  git -C "$part" grep -q 'filter=lfs' -- '.gitattributes' '*/.gitattributes' 2>/dev/null || return
  large=$(git -C "$part" ls-files ':(attr:filter=lfs)' 2>/dev/null) || return 0
  [ -n "$large" ]
}
fetch_large() {
  if ! git lfs version >/dev/null 2>&1; then
    echo 'the repository keeps files in Git LFS, and there is no git-lfs: install it on this host' >&2
    return 1
  fi
  git -C "$part" lfs install --local >/dev/null && git -C "$part" lfs pull
}
lay_out() {
  rm -rf "$part"
  git clone --quiet --local --no-checkout "$mirror" "$part" || return
  git -C "$part" cat-file -e "$sha^{commit}" 2>/dev/null || git -C "$part" fetch --quiet origin "$sha" || return
  git -C "$part" remote set-url origin "$(git --git-dir="$mirror" config remote.origin.url)" || return
  GIT_LFS_SKIP_SMUDGE=1 git -C "$part" checkout --quiet --detach "$sha" || return
  if has_large; then fetch_large || return; fi
  [ ! -f "$part/.gitmodules" ] || git -C "$part" submodule --quiet update --init --recursive || return
  mv "$part" "$release"
}
lay_out && exit 0
status=$?
if ! git --git-dir="$mirror" fsck --connectivity-only >/dev/null 2>&1; then
  rm -rf "$mirror"
  printf '%s\\n' "the copy of the repository in $mirror was broken and has been removed: deploy again" >&2
fi
exit "$status"
`
}

export interface Commands {
  /** Where they start: a release, or the link to it. */
  readonly directory: string
  readonly commands: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Only in a release that is prepared. Absent: an install is a command like others. */
  readonly installs?: Installs
  readonly layout: Layout
}

/**
 * Runs the user's commands as they are written, one after another in one shell, until one fails: that one's exit status
 * is the script's. Each is a word of its own for `eval`, so that an open quote or here-document cannot swallow
 * the next (nor, in bash, a last backslash: hence the empty line); no `||` stands behind it, which would switch off a `set -e`.
 *
 * None of it is an argument of a command: there other users would see its secrets, and 128 KiB would be all. bash gets it
 * by a here-document, which is a pipe in the shells that are `sh` without being bash; bash would make a file in /tmp of
 * it, which may be full, and so goes on itself.
 */
export function commandsScript({ directory, commands, env, installs, layout }: Commands): string {
  const lines = commands.map((text) => {
    const isSpared = installs !== undefined && isPlainInstall(text)
    const word = quote(text.endsWith('\\') ? `${text}\n\n` : text)
    return `${isSpared ? 'zdr_install' : 'eval'} ${word}\ncase $? in 0) ;; *) exit $? ;; esac\n`
  })
  const [head, end] =
    installs === undefined ? ['', ''] : [installsHead(layout, installs, variablesOf(env, commands)), 'zdr_keep\n']
  const body = `cd ${quote(directory)} || exit\n${exports({ ...env, SHARED: layout.shared })}${head}${lines.join('')}${end}`
  return `zdr_body=${quote(body)}
if [ -z "\${BASH_VERSION-}" ] && command -v bash >/dev/null 2>&1; then
  exec bash -c 'zdr_body=$(cat <&9)
exec 9<&-
eval "unset zdr_body
$zdr_body"' </dev/null 9<<end
$zdr_body
end
fi
[ -z "\${BASH_VERSION-}" ] || set +o posix
exec </dev/null
eval "unset zdr_body
$zdr_body"
`
}

/** The names that these give values to, and those that only look like it. */
function variablesOf(env: Commands['env'], commands: Commands['commands']): readonly string[] {
  const assigned = [...commands.join('\n').matchAll(/\b([A-Za-z_]\w*)=/g)].map(([, name = '']) => name)
  return [...new Set([...Object.keys(env), ...assigned])].toSorted()
}

/** Points `current` at a release by rename(2): at every moment it is the old one or the new one. */
export function activateScript(layout: Layout, id: string): string {
  return `set -eu
current=${quote(layout.current)} release=${quote(`${layout.releases}/${id}`)} new=${quote(`${layout.base}/.current.new`)}
if [ ! -d "$release" ]; then
  printf '%s\\n' "there is no release $release" >&2
  exit ${activateExit.noRelease}
fi
if [ -e "$current" ] && [ ! -L "$current" ]; then
  printf '%s\\n' "$current is a folder of its own, not a link to a release: move it away" >&2
  exit ${activateExit.currentIsFolder}
fi
real() { (cd -P "$1" 2>/dev/null && pwd -P); }
[ "$(real "$current")" != "$(real "$release")" ] || exit 0
rm -f "$new"
ln -s "$release" "$new"
mv -fT "$new" "$current" 2>/dev/null ||
  node -e 'require("fs").renameSync(process.argv[1], process.argv[2])' "$new" "$current"
sync ${quote(layout.base)} 2>/dev/null || sync
`
}

/**
 * Removes the releases that are not kept, their manifests and sizes, and what a killed run left half laid out. Never the one that
 * `current` points at. They leave `releases` by a rename, so that half a release is never taken for a whole one.
 */
export function pruneScript(layout: Layout, keepIds: readonly string[]): string {
  return `set -u
releases=${quote(layout.releases)} manifests=${quote(layout.manifests)} trash=${quote(`${layout.zdr}/trash`)}
active=$(cd -P ${quote(layout.current)} 2>/dev/null && pwd -P) || active=
keep=${quote(` ${keepIds.join(' ')} `)}
mkdir -p "$trash" || exit
kept() {
  case $keep in *" $1 "*) return 0 ;; esac
  [ -n "$active" ] && [ "$(cd -P "$releases/$1" 2>/dev/null && pwd -P)" = "$active" ]
}
status=0
for folder in "$releases"/${releasePattern}; do
  id=\${folder##*/}
  if [ ! -d "$folder" ] || kept "$id"; then continue; fi
  mv "$folder" "$trash/$id.$$" || status=1
done
for file in "$manifests"/${releasePattern}.json "$manifests"/${releasePattern}.size; do
  id=\${file##*/} id=\${id%.*}
  if [ ! -f "$file" ] || kept "$id" || [ -d "$releases/$id" ]; then continue; fi
  rm -f "$file" || status=1
done
rm -rf "$releases"/.${releasePattern}.part "$trash" || status=1
exit "$status"
`
}
