/**
 * Builders of the scripts for what is in a release and not in its commit: links to the files and folders below `shared`,
 * and uploads. May be repeated.
 */
import type { Layout } from './layout.ts'
import { quote } from './shell.ts'

export interface Upload {
  /** As in `Sharing.paths`; relative to the release alone. */
  readonly to: string
  readonly content: Buffer
}

export interface Sharing {
  /** Relative to the release, and to `shared`; a folder ends with `/`. None stands in another. */
  readonly paths: readonly string[]
  /** Of the files among them, those that the release has for its own, and that no other is to see. */
  readonly uploads: readonly Upload[]
}

/** The folders below `shared`: those that are shared, and those that shared files are in. */
export function sharedFoldersScript({ shared }: Layout, paths: readonly string[]): string {
  const folders = paths.map((path) => `${shared}/${path.slice(0, path.lastIndexOf('/') + 1)}`)
  return `mkdir -p ${[shared, ...folders].map(quote).join(' ')}\n`
}

/** Prints those of these files that are not there, a line each. Changes nothing. */
export function lackingScript({ shared }: Layout, files: readonly string[]): string {
  return files.map((file) => `[ -e ${quote(`${shared}/${file}`)} ] || printf '%s\\n' ${quote(file)}\n`).join('')
}

/**
 * Makes the folders, and puts into the release a link to each path; what is uploaded it gets as a file of its own. That
 * is never written below `shared`: a release from when it was linked there, which may be the one that runs, reads that
 * file. Nothing of the repository is lost for it, but what only keeps a folder in git.
 *
 * The content of an upload is in the script alone, which no other user of the host can see: `printf` is the shell's own.
 */
export function shareScript(layout: Layout, id: string, { paths, uploads }: Sharing): string {
  const steps = paths.map((path) => {
    const upload = uploads.find(({ to }) => to === path)
    if (upload !== undefined) return `bring ${quote(path)} ${quote(upload.content.toString('base64'))}\n`
    return path.endsWith('/') ? `share_folder ${quote(path.slice(0, -1))}\n` : `share_file ${quote(path)}\n`
  })
  return `set -u
shared=${quote(layout.shared)} release=${quote(`${layout.releases}/${id}`)}
${functions}${steps.join('')}`
}

const functions = `refuse() { printf '%s\\n' "$1" >&2; exit 1; }
[ -d "$release" ] || refuse "there is no release $release"
durable() { sync "$1" 2>/dev/null || sync; }
above() { case $1 in */*) printf '%s\\n' "\${1%/*}" ;; esac; }
lost() {
  tracked=$(GIT_LITERAL_PATHSPECS=1 git -C "$release" ls-files -- "$1") || exit
  printf '%s\\n' "$tracked" | while IFS= read -r file; do
    case /$file in / | */.gitkeep | */.keep | */.gitignore) continue ;; esac
    if [ -f "$release/$file" ] && [ ! -L "$release/$file" ] && [ ! -s "$release/$file" ]; then continue; fi
    printf '%s\\n' "$file"
    break
  done
}
make_room() {
  folder=$(above "$1")
  while [ -n "$folder" ]; do
    [ ! -L "$release/$folder" ] || refuse "\\\`shared\\\` names $1, and $folder is a link in the repository: name what it leads to"
    folder=$(above "$folder")
  done
  file=$(lost "$1") || exit
  [ -z "$file" ] || refuse "\\\`shared\\\` names $1, and the repository has $file, which the release would lose: take one of them out (git rm -r --cached $1)"
  folder=$(above "$1")
  mkdir -p "$release\${folder:+/$folder}" && rm -rf "$release/$1" || exit
}
link() {
  [ ! -L "$release/$1" ] || [ "$(readlink "$release/$1")" != "$shared/$1" ] || return 0
  make_room "$1"
  ln -s "$shared/$1" "$release/$1" || exit
}
share_folder() {
  [ ! -e "$shared/$1" ] || [ -d "$shared/$1" ] || refuse "$shared/$1 is no folder: \\\`shared\\\` names it with a / behind it"
  mkdir -p "$shared/$1" || exit
  link "$1"
}
share_file() {
  [ -e "$shared/$1" ] || refuse "$shared/$1 is not there, and \\\`shared\\\` names it"
  link "$1"
}
bring() {
  make_room "$1"
  (umask 077 && printf %s "$2" | base64 -d > "$release/$1") && durable "$release/$1" || exit
}
`
