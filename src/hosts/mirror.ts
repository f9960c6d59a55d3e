/** Builders of the scripts that keep a host's mirror of the repository. Each may be repeated; a killed one leaves nothing to repair. */
import type { Layout } from './layout.ts'
import { quote } from './shell.ts'

/** How a mirror script ends where it is the user's to mend; its last line on stderr says what. */
export const mirrorExit = { unknown: 10, ambiguous: 11 } as const

const fullShaLength = 40
const lockWaitSeconds = 60
const staleLockMinutes = 10
const nearestNamesMax = 3
const namesLookedThrough = 500

/** Makes the mirror what the repository is now. Follows a changed URL; replaces a mirror that git cannot read. */
export function fetchScript(layout: Layout, options: { readonly repo: string; readonly depth: number | null }): string {
  const deepen = options.depth === null ? '' : `--depth=${options.depth}`
  return `${mirrorHead(layout)}
sound() { [ "$(git --git-dir="$mirror" rev-parse --is-bare-repository 2>/dev/null)" = true ]; }
replace() {
  rm -rf "$mirror.new"
  git init --quiet --bare "$mirror.new" || exit
  rm -rf "$mirror.old"
  [ ! -e "$mirror" ] || mv "$mirror" "$mirror.old" || exit
  mv "$mirror.new" "$mirror" || exit
  rm -rf "$mirror.old"
}
fetch() {
  in_mirror config remote.origin.url ${quote(options.repo)} || return
  in_mirror config --replace-all remote.origin.fetch '+refs/heads/*:refs/heads/*' || return
  in_mirror config --add remote.origin.fetch '+refs/tags/*:refs/tags/*' || return
  in_mirror config uploadpack.allowAnySHA1InWant true || return
  deepen=${deepen}
  [ -n "$deepen" ] || [ ! -f "$mirror/shallow" ] || deepen=--unshallow
  in_mirror fetch --quiet --prune --force $deepen origin
}
sound || replace
fetch && exit 0
status=$?
# The network, most often. Only where the mirror itself is broken does a new one help.
in_mirror fsck --connectivity-only >/dev/null 2>&1 && exit "$status"
replace
fetch
`
}

/** Prints the full SHA. Ends with `mirrorExit.ambiguous` where a branch and a tag of that name differ, with `unknown` where nothing has it. */
export function resolveScript(layout: Layout, ref: string): string {
  return `${mirrorHead(layout)}
ref=${quote(ref)}
commit() { in_mirror rev-parse --verify --quiet "$1^{commit}"; }
found() { printf '%s\\n' "$1"; exit 0; }
name=$ref
case $ref in
  refs/heads/* | refs/tags/*) sha=$(commit "$ref") && found "$sha" ;;
  refs/remotes/origin/*) name=\${ref#refs/remotes/origin/}; sha=$(commit "refs/heads/$name") && found "$sha" ;;
  origin/*) name=\${ref#origin/}; sha=$(commit "refs/heads/$name") && found "$sha" ;;
esac
branch=$(commit "refs/heads/$ref") || branch=
tag=$(commit "refs/tags/$ref") || tag=
if [ -n "$branch" ] && [ -n "$tag" ] && [ "$branch" != "$tag" ]; then
  printf '%s\\n' "$ref is a branch (\${branch}) and a tag (\${tag}): write refs/heads/$ref or refs/tags/$ref" >&2
  exit ${mirrorExit.ambiguous}
fi
[ -z "$branch" ] || found "$branch"
[ -z "$tag" ] || found "$tag"
case $ref in
  *[!0-9a-fA-F]* | '' | ? | ?? | ???) ;;
  *)
    if [ \${#ref} -ge ${fullShaLength} ] && have_commit "$ref"; then found "$(commit "$ref")"; fi
    commits=$(in_mirror rev-parse --disambiguate="$ref" | while read -r object; do
      [ "$(in_mirror cat-file -t "$object")" != commit ] || printf '%s ' "$object"
    done)
    set -- $commits
    [ $# -ne 1 ] || found "$1"
    if [ $# -gt 1 ]; then
      printf '%s\\n' "$ref is the beginning of $# commits: $*" >&2
      exit ${mirrorExit.ambiguous}
    fi ;;
esac
nearest=$(in_mirror for-each-ref --sort=-creatordate --count=${namesLookedThrough} --format='%(refname:strip=2)' refs/heads refs/tags |
  awk -v wanted="$name" ${quote(distances)} | sort -n | head -n ${nearestNamesMax} | cut -d' ' -f2- | paste -sd, - | sed 's/,/, /g')
printf '%s\\n' "$ref is no branch, tag or commit of the repository\${nearest:+. Nearest: $nearest}" >&2
exit ${mirrorExit.unknown}
`
}

/** Ends with 0 where the commit is in the mirror; asks no network. */
export function hasCommitScript({ mirror }: Layout, sha: string): string {
  return `git --git-dir=${quote(mirror)} cat-file -e ${quote(`${sha}^{commit}`)} 2>/dev/null\n`
}

/** Makes sure that a commit is in the mirror: one that no branch or tag leads to any more is fetched by its SHA, where the server gives it. */
export function ensureCommitScript(layout: Layout, sha: string): string {
  return `${mirrorHead(layout)}
have_commit ${quote(sha)} && exit 0
printf '%s\\n' ${quote(`the repository has no commit ${sha}, or does not give it by its SHA`)} >&2
exit ${mirrorExit.unknown}
`
}

/** For git, where there is nobody to answer. */
export const asksNobody = `export GIT_TERMINAL_PROMPT=0
if [ -z "\${GIT_SSH_COMMAND:-}\${GIT_SSH:-}" ] && ! git config --get core.sshCommand >/dev/null 2>&1; then
  export GIT_SSH_COMMAND='ssh -oBatchMode=yes -oConnectTimeout=15'
fi
`

/**
 * A git that outlived its deploy holds the descriptor, so who gets
 * the lock knows that every `*.lock` in the mirror was left behind. Not got in time (a credential daemon may have
 * inherited it), only old ones count as left behind.
 */
function mirrorHead({ mirror, zdr }: Layout): string {
  return `set -u
mirror=${quote(mirror)}
${asksNobody}in_mirror() { git --git-dir="$mirror" -c gc.autoDetach=false -c maintenance.autoDetach=false -c core.fsync=all "$@"; }
have_commit() {
  in_mirror cat-file -e "$1^{commit}" 2>/dev/null && return
  depth=
  [ ! -f "$mirror/shallow" ] || depth=--depth=1
  in_mirror fetch --quiet --force $depth origin "$1:refs/zdr/$1" || return
  in_mirror cat-file -e "$1^{commit}"
}
exec 9> ${quote(`${zdr}/mirror.lock`)} || exit
if [ -d "$mirror" ]; then
  if command -v flock >/dev/null 2>&1 && flock -w ${lockWaitSeconds} 9; then
    find "$mirror" -name '*.lock' -type f -exec rm -f {} +
  else
    find "$mirror" -name '*.lock' -type f -mmin +${staleLockMinutes} -exec rm -f {} +
  fi
fi`
}

/** Levenshtein's distance of each name to the one wanted; letters that differ by case only are the same. */
const distances = `{
  a = tolower(wanted); b = tolower($0); n = length(a); m = length(b)
  for (j = 0; j <= m; j++) row[j] = j
  for (i = 1; i <= n; i++) {
    diagonal = row[0]; row[0] = i
    for (j = 1; j <= m; j++) {
      above = row[j]
      best = diagonal + (substr(a, i, 1) != substr(b, j, 1))
      if (above + 1 < best) best = above + 1
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1
      diagonal = above; row[j] = best
    }
  }
  print row[m], $0
}`
