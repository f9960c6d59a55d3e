/** The shell text that leaves hosts out of rotation before nginx hears of them. Builders only. */
import { UserError } from '../errors.ts'
import { quote } from '../hosts/shell.ts'
import { everybodyIn, findOutSet } from './pools.ts'
import type { Rendered } from './render.ts'
import type { JournalLine } from './switch-state.ts'

/** Exit status of `hold_out` where somebody is out already, without them. */
export const holdOutExit = 26

/** Rejects with UserError `balancer` where there is no pool without just these. */
export function fileWithout({ outSets }: Rendered, newcomers: readonly string[]): string {
  const found = findOutSet(outSets, newcomers)
  if (found !== undefined) return found.file
  throw new UserError('balancer', `nginx has no pool that leaves out just the new hosts ${newcomers.join(', ')}`, {
    hint: 'Add them one after another, each with `setup --hosts`. Nothing was changed.',
  })
}

/**
 * Defines `hold_out`, for the moment before nginx reads its configuration anew, and `let_in`, where that fails. The pools
 * that run until then do not know that name of the switch, and leave nobody out. It is announced as a deploy does it, so
 * the next deploy may put them in. Root writes nothing into a folder of somebody else: it does it as they would.
 */
export function holdOutFunctions({ outSets, ...rendered }: Rendered, newcomers: readonly string[]): string {
  if (newcomers.length === 0) return 'hold_out() { :; }\nlet_in() { :; }\n'
  const file = fileWithout({ outSets, ...rendered }, newcomers)
  const without = outSets.filter(({ hosts }) => newcomers.every((host) => hosts.includes(host)))
  const line: JournalLine = { from: everybodyIn, fromByHand: [], out: file, byHand: [] }
  const turn = `{ [ ! -s journal ] || [ -z "$(tail -c 1 journal)" ] || echo >> journal; } &&
printf '{"at":"%s",%s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ${quote(JSON.stringify({ by: 'setup', ...line }).slice(1))} >> journal &&
{ sync journal 2>/dev/null || sync; } && mv -f ${everybodyIn} ${quote(file)}`
  return `held=
as_owner() {
  if [ "$(id -u)" = 0 ] && [ "$owner" != root ]; then su -s /bin/sh "$owner" -c "$1" </dev/null; else sh -c "$1" </dev/null; fi
}
hold_out() {
  current=$(switch_files)
  case ${quote(` ${without.map((set) => set.file).join(' ')} `)} in *" $current "*) return ;; esac
  [ "$current" = ${everybodyIn} ] || fail ${holdOutExit} "$current"
  as_owner ${quote(turn)} || fail ${holdOutExit} "$current"
  held=yes
}
let_in() { [ -z "$held" ] || as_owner ${quote(`mv -f ${quote(file)} ${everybodyIn}`)}; }
`
}
