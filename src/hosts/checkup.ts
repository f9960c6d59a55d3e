/** What the doctor wants to know of a host beyond the probe, in one run that only reads. */
import { UserError } from '../errors.ts'
import { layout } from './layout.ts'
import { quote } from './shell.ts'

export interface Lockfile {
  readonly file: string
  readonly ageSeconds: number
}

export interface Checkup {
  /** Ahead of ours; 0 where it may be right. */
  readonly clockOffSeconds: number
  /** What `current` has, or the work tree of pm2 deploy. null: nothing was deployed, or it cannot be told. */
  readonly commit: string | null
  /** `ref` is a branch of the repository, as far as the work tree of pm2 deploy knows. */
  readonly isBranch: boolean
  readonly isByPm2Deploy: boolean
  readonly isSetUp: boolean
  /** Of the folder behind `current`; null where there is none, or it took too long. */
  readonly releaseBytes: number | null
  /** Folders that are there, and that we may not write to. */
  readonly unwritable: readonly string[]
  /** Those of other deploy tools. */
  readonly locks: readonly Lockfile[]
  /** null: the machine has no systemd. */
  readonly startsAtBoot: boolean | null
  /** Names in what pm2 saved. */
  readonly saved: readonly string[]
  /** What git says where it cannot read the repository; null where it can. */
  readonly repositoryError: string | null
  /** null: no command needs it. */
  readonly maySudo: boolean | null
  /** Those at which processes of Node's listen. */
  readonly ports: readonly number[]
}

export interface CheckupOptions {
  /** Absolute. */
  readonly base: string
  readonly repo: string
  readonly ref: string
  readonly callsSudo: boolean
}

const mark = 'zdr-checkup'
const gitTimeoutSeconds = 20
const sizeTimeoutSeconds = 10

export function checkupScript({ base, repo, ref, callsSudo }: CheckupOptions): string {
  const { current, releases, shared, zdr } = layout(base)
  const branch = ref.replace(/^origin\//, '')
  return `set -u
export LC_ALL=C
say() { printf '${mark}\\t%s\\t%s\\n' "$1" "$2"; }
limited() { seconds=$1; shift; if command -v timeout >/dev/null 2>&1; then timeout -k 1 "$seconds" "$@"; else "$@"; fi; }
say epoch "$(date +%s)"
base=${quote(base)} source=${quote(`${base}/source`)} current=${quote(current)}
[ -d ${quote(zdr)} ] && say set-up yes
[ -d "$source/.git" ] && [ "$(readlink "$current")" = "$source" ] && say by-pm2-deploy yes
for tree in "$current" "$source"; do
  commit=$(git -C "$tree" rev-parse --verify --quiet HEAD 2>/dev/null) && say commit "$commit" && break
done
git -C "$source" show-ref --verify --quiet ${quote(`refs/remotes/origin/${branch}`)} 2>/dev/null && say branch yes
size=$(limited ${sizeTimeoutSeconds} du -skx "$current/" 2>/dev/null) && say size "\${size%%[!0-9]*}"
for folder in "$base" ${quote(releases)} ${quote(shared)} "$source" ${quote(zdr)}; do
  [ ! -d "$folder" ] || [ -w "$folder" ] || say unwritable "$folder"
done
for lock in "$base/deploy.lock" "$base/shared/deploy.lock" "$source/.git/index.lock" "$HOME"/.kamal/lock-*; do
  [ ! -e "$lock" ] || say lock "$(( $(date +%s) - $(stat -c %Y "$lock") ))\t$lock"
done
if [ -d /run/systemd/system ]; then
  ls /etc/systemd/system/*.wants/pm2*.service >/dev/null 2>&1 || crontab -l 2>/dev/null | grep -q 'pm2 resurrect' && say boot yes || say boot no
fi
sed -n 's/^ *"name": "\\([^"]*\\)",*$/\\1/p' "\${PM2_HOME:-$HOME/.pm2}/dump.pm2" 2>/dev/null | sort -u | while read -r name; do say saved "$name"; done
${repositoryScript(repo)}
${callsSudo ? 'sudo -n -l >/dev/null 2>&1 && say sudo yes || say sudo no' : ''}
ss -Htlnp 2>/dev/null | awk '/"(node|PM2)/ { sub(/.*:/, "", $4); print $4 }' | sort -un | while read -r port; do say port "$port"; done
say end ''
`
}

/**
 * Asks as a deploy does, but writes no key down: where the user's own settings let ssh do that, an unknown one is no
 * hindrance, and is not told.
 */
function repositoryScript(repo: string): string {
  if (repo === '') return ''
  const host = /^(?:ssh:\/\/)?(?:[^@/]*@)?([^:/]+)/.exec(repo)?.[1] ?? ''
  return `if command -v git >/dev/null 2>&1; then
  export GIT_TERMINAL_PROMPT=0
  if [ -z "\${GIT_SSH_COMMAND:-}\${GIT_SSH:-}" ] && ! git config --get core.sshCommand >/dev/null 2>&1; then
    export GIT_SSH_COMMAND='ssh -oBatchMode=yes -oConnectTimeout=15 -oUpdateHostKeys=no -oStrictHostKeyChecking=yes'
  fi
  cd "$HOME" 2>/dev/null || cd /
  if ! said=$(limited ${gitTimeoutSeconds} git ls-remote ${quote(repo)} HEAD 2>&1 >/dev/null </dev/null); then
    reason=$(printf '%s\\n' "$said" | grep -im 1 'permission denied\\|verification failed\\|could not resolve\\|timed out\\|refused\\|not found\\|fatal:' | tr -d '\\r')
    case $reason in
      *'verification failed'*) ssh -G ${quote(host)} 2>/dev/null | grep -q '^stricthostkeychecking \\(accept-new\\|no\\|off\\|false\\)' || say repository "$reason" ;;
      *) say repository "\${reason:-no answer within ${gitTimeoutSeconds} s}" ;;
    esac
  fi
fi`
}

/** Our own clock when it was asked, and when the first line came. */
export interface Asked {
  readonly askedMs: number
  readonly heardMs: number
}

/** Rejects half an answer with UserError `host-command`. */
export function parseCheckup(stdout: string, asked: Asked): Checkup {
  const facts = stdout.split('\n').flatMap((line) => {
    const [head, name = '', ...values] = line.split('\t')
    return head === mark ? [{ name, values }] : []
  })
  const all = (name: string): readonly (readonly string[])[] =>
    facts.filter((fact) => fact.name === name).map(({ values }) => values)
  const texts = (name: string): readonly string[] => all(name).map((values) => values.join('\t'))
  const one = (name: string): string | null => texts(name)[0] ?? null
  const answer = (name: string): boolean | null => (one(name) === null ? null : one(name) === 'yes')
  if (facts.at(-1)?.name !== 'end')
    throw new UserError('host-command', 'the host did not tell all about itself', { output: stdout.slice(-2000) })
  const size = one('size')
  return {
    clockOffSeconds: clockOff(Number(one('epoch')), asked),
    commit: one('commit'),
    isBranch: one('branch') !== null,
    isByPm2Deploy: one('by-pm2-deploy') !== null,
    isSetUp: one('set-up') !== null,
    releaseBytes: size === null || size === '' ? null : Number(size) * 1024,
    unwritable: texts('unwritable'),
    locks: all('lock').map(([age = '', file = '']) => ({ file, ageSeconds: Number(age) })),
    startsAtBoot: answer('boot'),
    saved: texts('saved'),
    repositoryError: withoutPassword(one('repository')),
    maySudo: answer('sudo'),
    ports: texts('port').map(Number),
  }
}

/** It read its clock at some moment between; and a second has no parts there. */
function clockOff(seconds: number, { askedMs, heardMs }: Asked): number {
  const [earliest, latest] = [Math.floor(askedMs / 1000), heardMs / 1000]
  if (seconds < earliest) return seconds - earliest
  return seconds > latest ? seconds - latest : 0
}

/** git repeats the address, with what stands before its `@`. */
function withoutPassword(text: string | null): string | null {
  return text?.replaceAll(/\/\/[^@/\s]*@/g, '//') ?? null
}
