/**
 * The shell text that ends whatever a script has started: the process groups of its session. One is not enough:
 * `timeout` gives its command a group of its own, and what a script starts in a session of its own is meant to stay
 * (pm2's daemon). It has no backslash and no single quote, as BOOTSTRAP has none.
 */

/**
 * Defines `signal_session <leader> <signal>`: true where anything was alive there. Where there is no /proc, only the
 * leader's own group is signalled. In /proc/<pid>/stat a name may hold anything, `)` and a new line too: it is the last
 * `)` that ends it, and no name is as long as what follows.
 */
export const signalSessionFunction = `groups_of() {
  leader=$1
  cat /proc/[0-9]*/stat 2>/dev/null | LC_ALL=C grep " $1 " | while read -r stat; do
    set -- \${stat##*) }
    [ "\${4:-}" = "$leader" ] && [ "$1" != Z ] && [ -n "\${20:-}" ] && echo "$3"
  done | sort -u
}
signal_session() {
  groups=$(groups_of "$1")
  kill -s "$2" -- "-$1" 2>/dev/null
  for each in $groups; do [ "$each" = "$1" ] || kill -s "$2" -- "-$each" 2>/dev/null; done
  [ -n "$groups" ]
}
`
