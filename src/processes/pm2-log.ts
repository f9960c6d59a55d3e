/** The last that an app wrote, from the files in which pm2 keeps its output. */
import { quote } from '../hosts/shell.ts'
import type { Listed, LogFile } from './pm2-look.ts'

/** What was written longer ago explains nothing of now. */
const recentMs = 10 * 60_000
const mark = 'zdr-log'

export interface LogOptions {
  readonly lines: number
  /** What was heard while the app was reloaded: for where pm2's own files have no word of an error. */
  readonly heard: string
}

/** Prints the end of each app's newest files (its workers write much the same). */
export function logScript(entries: readonly Listed[], { lines, heard }: LogOptions): string {
  const names = [...new Set(entries.map(({ name }) => name))]
  const logs = names.map((name) => entries.filter((entry) => entry.name === name).map((entry) => entry.logs))
  const output = logs.flatMap((ofApp) => newest(ofApp.map(({ out }) => out)))
  const errors = logs.flatMap((ofApp) => newest(ofApp.map(({ error }) => error)))
  const tail = (kind: 'out' | 'error', file: string): string =>
    `printf '\\n${mark} ${kind}\\n'; tail -n ${lines} ${quote(file)} 2>/dev/null\n`
  return [
    ...output.map(({ file }) => tail('out', file)),
    ...(errors.length > 0 ? errors.map(({ file }) => file) : [heard]).map((file) => tail('error', file)),
  ].join('')
}

/** At most `lines` lines. Errors come first where there is not room for all, since they say why; output keeps a third. */
export function mergeLogs(stdout: string, lines: number): string {
  const sections = stdout.split(`\n${mark} `).slice(1)
  const errors = sections.filter((text) => text.startsWith('error\n')).flatMap(contentOf)
  const output = sections.filter((text) => text.startsWith('out\n')).flatMap(contentOf)
  const errorLines = Math.min(errors.length, lines - Math.min(output.length, Math.floor(lines / 3)))
  return [...last(output, lines - errorLines), ...last(errors, errorLines)].join('\n')
}

function contentOf(section: string): readonly string[] {
  return section.trimEnd().split('\n').slice(1)
}

function last(lines: readonly string[], count: number): readonly string[] {
  return count <= 0 ? [] : lines.slice(-count)
}

/** One, or none. */
function newest(logs: readonly (LogFile | null)[]): readonly LogFile[] {
  const recent = logs.flatMap((log) => (log !== null && log.ageMs < recentMs ? [log] : []))
  return recent.toSorted((a, b) => a.ageMs - b.ageMs).slice(0, 1)
}
