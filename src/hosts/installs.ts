/**
 * Builders of the shell text around an install: where a release that was verified here has done the same one, its
 * `node_modules` are copied instead. What is kept of an install lies in the `.git` of its release, and goes with it.
 */
import type { Layout } from './layout.ts'
import { lockfileScript } from './lockfile-script.ts'
import { quote } from './shell.ts'

/** What becomes of the installs among the commands of a release. */
export interface Installs {
  /** `spared`: one that was done before is not done again. */
  readonly what: 'spared' | 'run'
  /** One goes before all commands, by the lockfile that the release has. */
  readonly byLockfile: boolean
}

const assignment = String.raw`(?:[A-Za-z_]\w*=[\w./:@%+,=-]*\s+)*`
const tool = String.raw`(?:npm\s+(?:ci|clean-install|install|i)|yarn(?:\s+install)?|pnpm\s+(?:ci|install|i)|bun\s+(?:ci|install|i))`
/** Not those that say where, for an install elsewhere is none of this folder's, nor those that pass the lockfile over. */
const option = String.raw`(?:\s+--(?:omit|include|loglevel)[ =]\w+|\s+(?!-[A-Za-z]*[gCwF]|--(?:global|location|prefix|cwd|dir|modules-folder|filter|workspaces?|no-package-lock|no-shrinkwrap|no-lockfile)\b)--?[A-Za-z][\w-]*(?:=[\w./:@-]+)?)*`
const redirection = String.raw`(?:\s*(?:\d?>{1,2}|&>)\s*(?:&\d|/dev/null))*`
const plainInstall = new RegExp(`^${assignment}${tool}${option}${redirection}$`)

/** True for one that makes `node_modules` out of what is in the release, and adds nothing of its own. */
export function isPlainInstall(text: string): boolean {
  return plainInstall.test(text)
}

/**
 * Defines `zdr_install <command>`, which does the command or spares it, and ends as it does; and goes by the lockfile
 * first. `zdr_keep` comes after all commands, where none has failed. `variables`: the names that the configuration
 * gives values to: scripts of packages may read any (`PUPPETEER_SKIP_DOWNLOAD`).
 */
export function installsHead(layout: Layout, { what, byLockfile }: Installs, variables: readonly string[]): string {
  const first = `zdr_text=$(command sh -c ${quote(lockfileScript)}) || exit
case $zdr_text in '') ;; *) zdr_install "$zdr_text" ;; esac
case $? in 0) ;; *) exit $? ;; esac
`
  return `zdr_release=$PWD zdr_installs=${quote(`${paths(layout)}variables=${quote(variables.join(' '))}\n${script}`)}
zdr_install() {
  if zdr_command=$1 command sh -c "$zdr_installs" ${what}; then return 0; fi
  eval "$1"
  case $? in 0) command sh -c "$zdr_installs" record || : ;; *) return $? ;; esac
}
zdr_keep() { (command cd "$zdr_release" && command sh -c "$zdr_installs" keep) || :; }
${byLockfile ? first : ''}`
}

const sparedLine = /^(`.+` is spared): (node_modules are copied from \S+), which has the same$/

/** What a person should know of a line that was said while a release was prepared: that an install was spared. */
export function sparedText(line: string): string | null {
  const [, what, how] = sparedLine.exec(line) ?? []
  return what === undefined || how === undefined ? null : `${what}: ${how}; \`--fresh\` installs`
}

function paths({ releases, manifests }: Layout): string {
  return `releases=${quote(releases)} manifests=${quote(manifests)}\n`
}

/**
 * Called as `spared` or `run` before an install, `record` after it, and `keep` when all is prepared. Ends with 0 where
 * the install is spared, and does not fail an install that it cannot note.
 *
 * The key is made of all that an install goes by: the command and where it runs, the tool, Node and the system, the
 * settings, and the files (patches wherever they lie: bun 1.4 notes no hash of them in its lockfile). Where the
 * repository has install scripts of its own, those may read whatever is in it, and where it names packages by path
 * (`file:`, pnpm's `injected`) their files are copied into `node_modules`: then it is the whole commit. What `link:` and
 * workspaces name is only linked to. Without a lockfile, in the folder or at the top, the same files may lead to other
 * packages tomorrow: that has no key.
 *
 * The mark is of path, mode, size and time of each file, which a copy keeps, when all was prepared: what somebody
 * changed by hand since goes into no other release. What pnpm 12 notes there at a `pnpm start` does not count. A build
 * that removes packages (`npm prune`) leaves nothing that could stand for the install, nor does an install that made
 * something besides, as Plug'n'Play does, or a script that generates into `src`. Where `find` cannot tell times (it is
 * not GNU's), nothing is kept.
 */
const script = `set -u
export LC_ALL=C
case $PWD/ in "$releases"/*/*) ;; *) [ "$0" = record ]; exit ;; esac
id=\${PWD#"$releases"/} && id=\${id%%/*} && release=$releases/$id || exit
folder=\${PWD#"$release"}
cd "$release" && notes=$(git rev-parse --git-dir)/zdr-installs && mkdir -p "$notes/made" || exit
tidy() { rm -f "$notes/key" "$notes/new" "$notes/mark" "$notes/copied" "$notes/besides"; }
inputs() {
  find . \\( -name node_modules -o -name .git \\) -prune -o \\( -name package.json -o -name package-lock.json \\
    -o -name npm-shrinkwrap.json -o -name yarn.lock -o -name 'pnpm-*.yaml' -o -name '.pnpmfile.*' -o -name bun.lock \\
    -o -name bun.lockb -o -name bunfig.toml -o -name .npmrc -o -name .yarnrc -o -name .yarnrc.yml -o -name '*.prisma' \\
    -o -name '*.patch' -o -path '*/.yarn/*' -o -path '*/patches/*' \\) ! -type d -print
}
is_locked() {
  for tool in $zdr_command; do
    case $tool in npm) locks='npm-shrinkwrap.json package-lock.json' ;; yarn) locks=yarn.lock ;;
      pnpm) locks=pnpm-lock.yaml ;; bun) locks='bun.lock bun.lockb' ;; *) continue ;; esac
    for lock in $locks; do
      [ -z "$(GIT_LITERAL_PATHSPECS=1 git ls-files -- "$lock" ".$folder/$lock")" ] || return 0
    done
    break
  done
  return 1
}
key() {
  is_locked || return
  node=$(node -p 'process.version + process.platform + process.arch' 2>/dev/null || bun --version) || return
  printf '%s\\n' 2 "$folder" "$zdr_command" "$node" "$(ldd --version 2>&1 | head -n 1)" "\${NODE_ENV-}"
  env | grep -iE '^(npm_config|yarn|pnpm|bun)_' | sort
  for one in $variables; do printf '%s=%s\\n' "$one" "$(printenv "$one")"; done | sed "s/$id//g"
  find -L "$(command -v "$tool")" -printf '%p %s %T@\\n' 2>/dev/null
  cat ~/.npmrc ~/.yarnrc.yml ~/.bunfig.toml ~/.config/pnpm/rc ~/.config/pnpm/config.yaml 2>/dev/null
  inputs | sort | while IFS= read -r file; do printf '%s\\n' "$file" && cat "$file" || exit; done || return
  scripts=$(inputs | grep '/package.json$' | tr '\\n' '\\0' |
    xargs -0 grep -lE '"(pre|post)?(install|prepare|prepublish)"[[:space:]]*:')
  copied=$(inputs | grep -v '/\\.yarn/' | tr '\\n' '\\0' |
    xargs -0 grep -lE '(^|[^[:alnum:]_-])(file|portal):|@exec:|injected"?[[:space:]]*:|@\\.\\.?/')
  [ -z "$scripts$copied" ] || git rev-parse 'HEAD^{tree}'
}
folders() { find . -name .git -prune -o -name node_modules -type d -prune -print | sort; }
besides() {
  GIT_OPTIONAL_LOCKS=0 git status --porcelain --ignored --untracked-files=normal --ignore-submodules=dirty |
    grep -vE '[ "/](node_modules/|\\.yarn/|(package-lock.json|npm-shrinkwrap.json|yarn.lock|pnpm-lock.yaml|bun.lockb?)"?$)'
}
# Without its notes in .yarn, yarn runs only what its linker node-modules has made (3.8, 4.18).
is_alone() {
  [ "$(besides)" = "$(cat "$notes/besides")" ] || return
  find . \\( -name node_modules -o -name .git \\) -prune -o -path '*/.yarn/install-state.gz' -print |
    while IFS= read -r one; do [ -f "\${one%/.yarn/*}/node_modules/.yarn-state.yml" ] || exit; done
}
anew() { besides > "$notes/besides"; exit 1; }
packages() {
  while IFS= read -r one; do
    (cd "$1" && find "$one" -name .cache -prune -o -name package.json -print) 2>/dev/null || exit
  done | sort | git hash-object --stdin
}
mark() {
  while IFS= read -r one; do
    printf '%s\\n' "$one"
    (cd "$1/$one" && find . \\( -path ./.cache -o -path './.pnpm-workspace-state*' \\) -prune -o \\
      ! -type d -printf '%P %y %m %s %T@ %l\\n') || exit
  done | sort | git hash-object --stdin
}
copy() {
  while IFS= read -r one; do
    # What an install before this one has made is its own.
    [ ! -e "$one" ] || continue
    printf '%s\\n' "$one" >> "$notes/copied"
    mkdir -p "\${one%/*}" || return
    cp -a --reflink=auto "$1/$one" "$one" 2>/dev/null || { rm -rf "$one" && cp -a "$1/$one" "$one"; } || return
    rm -rf "$one/.cache"
    linked=$(find "$one" -type l -lname "*\${1##*/}*" -print 2>/dev/null) && [ -z "$linked" ] || return
    grep -rlF "\${1##*/}" "$one" | while IFS= read -r file; do
      sed -i "s/\${1##*/}/$id/g" "$file" && touch -r "$1/$file" "$file" || exit
    done || return
  done
}
is_whole() {
  [ "$(packages "$release" < "$notes/new")" = "$(packages "$found" < "$notes/new")" ] || return
  [ ! -f "$notes/copied" ] || [ "$(mark "$release" < "$notes/copied")" = "$(mark "$found" < "$notes/copied")" ]
}
# Until all is prepared: what the packages were, and in which folders.
made() { { packages "$release" < "$notes/new" && cat "$notes/new"; } > "$notes/made/$1"; }
if [ "$0" = record ]; then
  [ -s "$notes/key" ] || exit 0
  folders > "$notes/new" && [ -s "$notes/new" ] && is_alone && made "$(cat "$notes/key")"
  tidy
  exit 0
fi
if [ "$0" = keep ]; then
  find "$notes" -maxdepth 0 -printf '%T@' >/dev/null 2>&1 || exit 0
  for note in "$notes"/made/*; do
    [ -f "$note" ] && tail -n +2 "$note" > "$notes/new" || continue
    [ "$(packages "$release" < "$notes/new")" = "$(head -n 1 "$note")" ] || continue
    { mark "$release" < "$notes/new" && cat "$notes/new"; } > "$notes/mark" && mv "$notes/mark" "$notes/\${note##*/}"
  done
  rm -rf "$notes/made"
  tidy
  exit 0
fi
tidy
# What cannot be known in full is met never again.
name=$({ key || printf '%s\\n' "$$ $(date)"; } | git hash-object --stdin) || exit 1
printf '%s\\n' "$name" > "$notes/key"
[ "$0" = spared ] || anew
found=
for note in "$releases"/*/.git/zdr-installs/"$name"; do
  other=\${note%/.git/*}
  [ "$other" != "$release" ] && grep -qsF '"state":"verified"' "$manifests/\${other##*/}.json" && found=$other
done
[ -n "$found" ] || anew
note=$found/.git/zdr-installs/$name
tail -n +2 "$note" > "$notes/new"
if [ "$(mark "$found" < "$notes/new")" = "$(head -n 1 "$note")" ] && copy "$found" < "$notes/new" && is_whole; then
  made "$name"
  tidy
  printf '%s\\n' "\\\`$zdr_command\\\` is spared: node_modules are copied from \${found##*/}, which has the same"
  exit 0
fi
[ ! -f "$notes/copied" ] || tr '\\n' '\\0' < "$notes/copied" | xargs -0 rm -rf
rm -f "$notes/new" "$notes/copied"
anew
`
