/** Builders of the scripts that take over what `pm2 deploy` left on a host, and give it back. May be repeated. */
import type { Layout } from './layout.ts'
import { releasePattern } from './release.ts'
import { quote } from './shell.ts'
import { checkFunctions, places } from './source.ts'

/**
 * Brings what is shared to `shared`, with a link in its place, and makes a release of `source`: a link beside the others.
 * A file is at its place at every moment; a folder but for the instant between two renames. What is brought is the same
 * file as before, not a copy: who has it open goes on writing to it. What was done is written down first, for `handBackScript`.
 */
export function takeOverScript(
  layout: Layout,
  { id, shared }: { readonly id: string; readonly shared: readonly string[] },
): string {
  return `set -u
export LC_ALL=C GIT_OPTIONAL_LOCKS=0 GIT_LITERAL_PATHSPECS=1
${places(layout)}in_source() { git -C "$source" "$@"; }
say() { refuse "$2"; }
${checkFunctions}${moving}${shared.map((path) => `check ${quote(path)}\n`).join('')}${shared.map((path) => `bring ${quote(path)}\n`).join('')}
[ -e "$taken" ] || (umask 077; : > "$taken") || exit
for link in "$releases"/${releasePattern}; do
  [ -L "$link" ] && [ "\${link##*/}" != ${quote(id)} ] || continue
  rm -f ${quote(layout.manifests)}/"\${link##*/}.json" "$link" || exit
done
[ -L "$releases"/${id} ] || ln -s ../source "$releases"/${id}
`
}

/**
 * Puts back what was brought to `shared`, leads `current` to `source`, and removes the releases. What is in `shared` and
 * came from nowhere in `source` stays there. Prints a line for each thing that is not as it was.
 */
export function handBackScript(layout: Layout): string {
  return `set -u
${places(layout)}${moving}new=${quote(`${layout.base}/.current.new`)}
[ -e "$taken" ] && [ -d "$source" ] || refuse "nothing was taken over here"
while IFS='\t' read -r how path; do put_back "$how" "$path"; done < "$taken"
rm -f "$new" && ln -s "$source" "$new" || exit
mv -fT "$new" "$current" 2>/dev/null || node -e 'require("fs").renameSync(process.argv[1], process.argv[2])' "$new" "$current" || exit
for folder in "$releases"/${releasePattern} "$releases"/.${releasePattern}.part; do
  if [ -L "$folder" ]; then rm -f "$folder" || exit; elif [ -d "$folder" ]; then rm -rf "$folder" || exit; fi
done
[ ! -L "$releases/shared" ] || rm -f "$releases/shared"
rmdir "$releases" 2>/dev/null || { [ ! -d "$releases" ] || echo "$releases holds what is not ours, and stays"; }
sync ${quote(layout.base)} 2>/dev/null || sync
`
}

/** The last of it, once nothing of ours is needed any more: the lock goes with it. */
export function forgetScript({ zdr }: Layout): string {
  return `rm -rf ${quote(zdr)}\n`
}

/**
 * How it was brought: `moved`, a link was `linked` again, or the `same` was there already. Two renames in one process
 * are microseconds apart; where there is no node, there are two processes.
 */
const moving = `durable() { sync "$1" 2>/dev/null || sync; }
above() { case $1 in */*) printf '%s\\n' "\${1%/*}" ;; esac; }
note() {
  grep -qxF "$1	$2" "$taken" 2>/dev/null || (umask 077; printf '%s\\t%s\\n' "$1" "$2" >> "$taken") || exit
  durable "$taken"
}
swap() {
  if command -v node >/dev/null 2>&1; then
    node -e 'const fs = require("fs"), [from, to] = process.argv.slice(1); fs.renameSync(from, to); try { fs.symlinkSync(to, from) } catch (error) { fs.renameSync(to, from); throw error }' "$1" "$2" 2>/dev/null
  else
    rmdir "$2" 2>/dev/null
    mv -T "$1" "$2" && ln -s "$2" "$1"
  fi
}
unswap() {
  if command -v node >/dev/null 2>&1; then
    node -e 'const fs = require("fs"), [link, from] = process.argv.slice(1); fs.unlinkSync(link); fs.renameSync(from, link)' "$1" "$2"
  else rm -f "$1" && mv -T "$2" "$1"; fi
}
bring() {
  path=\${1%/}
  from=$source/$path to=$shared/$path
  if [ ! -e "$from" ]; then
    # Cut off between the two renames.
    if [ ! -L "$from" ] && [ -e "$to" ] && grep -qxF "moved	$path" "$taken" 2>/dev/null; then ln -s "$to" "$from" || exit; fi
    return 0
  fi
  if is_ours "$path" || is_same "$path"; then return 0; fi
  mkdir -p "$shared/$(above "$path")" || exit
  if [ -L "$from" ]; then
    rmdir "$to" 2>/dev/null
    [ ! -e "$to" ] || return 0
    note linked "$path"
    ln -s "$(readlink -f "$from")" "$to" || exit
  elif [ -f "$from" ] && [ -e "$to" ]; then
    note same "$path"
    link_over "$to" "$from"
  elif [ -f "$from" ]; then
    note moved "$path"
    if ln "$from" "$to" 2>/dev/null; then link_over "$to" "$from"; else swap "$from" "$to" || cannot_move; fi
  else
    note moved "$path"
    swap "$from" "$to" || cannot_move
  fi
}
cannot_move() { refuse "$from cannot be moved to $to (is that another disk?): move it by hand, and put a link to it where it was"; }
link_over() { rm -f "$2.zdr-new" && ln -s "$1" "$2.zdr-new" && mv -f "$2.zdr-new" "$2" || exit; }
put_back() {
  from=$shared/$2 to=$source/$2
  case $1 in
    linked) [ ! -L "$from" ] || rm -f "$from"; return ;;
  esac
  if [ -e "$to" ] && { [ ! -L "$to" ] || [ "$(readlink "$to")" != "$from" ]; }; then
    [ "$1" = same ] || [ ! -e "$from" ] || echo "$to is another one by now: $from stays as well"
    return 0
  fi
  [ -e "$from" ] || return 0
  if [ "$1" = same ]; then
    cp -p "$from" "$to.zdr-new" && mv -f "$to.zdr-new" "$to" || exit
  elif [ ! -L "$to" ]; then
    mv "$from" "$to" || exit
  elif [ -f "$from" ] && rm -f "$to.zdr-new" && ln "$from" "$to.zdr-new" 2>/dev/null; then
    mv -f "$to.zdr-new" "$to" && rm -f "$from" || exit
  else
    unswap "$to" "$from" || exit
  fi
  [ "$1" = same ] || (cd "$shared" && rmdir -p "$(above "$2")" 2>/dev/null)
  return 0
}
`
