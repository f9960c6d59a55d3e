/** Prints the install that the lockfile asks for; nothing where there is nothing to install, or the repository has it. */
export const lockfileScript = `set -u
refuse() { printf '%s\\n' "$1" >&2; exit 1; }
[ -f package.json ] || exit 0
[ -z "$(git ls-files node_modules | head -n 1)" ] || exit 0
found=
[ ! -f package-lock.json ] && [ ! -f npm-shrinkwrap.json ] || found="$found npm"
[ ! -f pnpm-lock.yaml ] || found="$found pnpm"
[ ! -f yarn.lock ] || found="$found yarn"
[ ! -f bun.lock ] && [ ! -f bun.lockb ] || found="$found bun"
said=$(sed -n 's/.*"packageManager"[[:space:]]*:[[:space:]]*"\\([a-z]*\\)@.*/\\1/p' package.json | head -n 1)
case " $found " in *" $said "*) [ -z "$said" ] || found=" $said" ;; esac
case $found in
  '')
    grep -qE '"(dependencies|devDependencies|optionalDependencies|workspaces)"' package.json && echo 'npm install' ;;
  ' npm') echo 'npm ci' ;;
  ' pnpm') echo 'pnpm install --frozen-lockfile' ;;
  ' yarn')
    if grep -q '^__metadata:' yarn.lock; then
      # yarn 1.22 passes over that lockfile and --immutable: it installs what is newest, and is content.
      case $(yarn --version 2>/dev/null) in 1.*)
        refuse 'yarn.lock is of yarn 2 or later, and this host has yarn 1: run \`corepack enable\` there, with \`packageManager\` in package.json, or name a yarn in the repository by \`yarnPath\` in .yarnrc.yml' ;;
      esac
      echo 'yarn install --immutable'
    else echo 'yarn install --frozen-lockfile'; fi ;;
  ' bun') echo 'bun install --frozen-lockfile' ;;
  *) refuse "there are lockfiles of$found: remove those that are not kept up, or say which by \\\`packageManager\\\` in package.json, or write \\\`install\\\`" ;;
esac
exit 0
`
