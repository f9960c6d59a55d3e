/** What happens, one line each, in an operator's words: the product's own where it says it, plain ones for the world. */
import { answeredText } from '../../src/output/pause.ts'
import { span, stepText } from '../../src/output/words.ts'
import type { Report } from '../../src/rollout/report.ts'
import type { Change } from '../simulation/fleet/change.ts'
import { isServing } from '../simulation/fleet/rotation.ts'
import type { World } from '../simulation/fleet/world.ts'

interface Line {
  /** Lines that differ in their hosts only are told as one. */
  readonly of: readonly string[]
  readonly text: string
  /** Who deploys, where more than one does at that time. */
  readonly by: string
  readonly indent: string
}

export interface Telling {
  readonly lines: Line[]
  /** Who is at it now. */
  by: readonly string[]
  /** What was said of an app already: it is not said of each of its processes. */
  readonly known: Set<string>
}

export function createTelling(): Telling {
  return { lines: [], by: [], known: new Set() }
}

export function tell(telling: Telling, text: string, about: Partial<Omit<Line, 'text'>> = {}): void {
  const { of = [], by = '', indent = '' } = about
  const line: Line = { of, text, by: telling.by.length > 1 ? by : '', indent }
  const last = telling.lines.at(-1)
  const isSame = last?.text === text && last.by === line.by && last.indent === indent
  if (!isSame) telling.lines.push(line)
  else if (of.length > 0 && !last.of.some((each) => of.includes(each)))
    telling.lines[telling.lines.length - 1] = { ...last, of: [...last.of, ...of] }
}

export function linesOf({ lines }: Telling): readonly string[] {
  const name = createNames()
  return lines.map(({ of, text, by, indent }) => {
    const who = by === '' ? '' : `(${by}) `
    return name(`${who}${indent}${of.length === 0 ? '' : `${of.join(', ')}: `}${text}`)
  })
}

type Said = Pick<Line, 'text' | 'of'> & { readonly by?: string }

export function tellReport(telling: Telling, by: string, report: Report): void {
  const said = reportText(report)
  if (said !== null) tell(telling, said.text, { of: said.of, by })
}

/** null: not worth a line. What begins is told by its end, and what the balancer does by the balancer. */
function reportText(report: Report): Said | null {
  switch (report.type) {
    case 'step':
      return stepLine(report)
    case 'note': {
      const text = `${report.level === 'warning' ? 'warning: ' : ''}${report.text}`
      return { text, of: report.host === undefined ? [] : [report.host] }
    }
    case 'finding':
      return { text: `${report.weight}: ${report.text}`, of: report.host === undefined ? [] : [report.host] }
    case 'paused':
      return { text: `paused after ${report.after.join(', ')}: waits for a yes`, of: [] }
    case 'answered':
      return { text: answeredText(report), of: [] }
    case 'examined':
    case 'started':
    case 'phase':
    case 'resolved':
    case 'output':
    case 'waiting':
    case 'serving':
    case 'plan':
    case 'status':
    case 'releases':
    case 'history':
    case 'printed':
    case 'ran':
    case 'finished':
    case 'error':
      return null
  }
}

/** Less is not worth a word. */
const shortMs = 1_500

function stepLine(report: Extract<Report, { type: 'step' }>): Said | null {
  const { state, step, hosts, reason, tookMs = 0 } = report
  const isSeen = (step === 'take-out' || step === 'put-back') && state === 'done'
  if (state === 'started' || isSeen) return null
  const why = reason === undefined ? '' : `: ${reason}`
  const took = tookMs < shortMs ? '' : ` (${span(Math.round(tookMs / 1_000) * 1_000)})`
  return { text: `${stepText(report)}${why}${took}`, of: hosts }
}

/** What an operator would see of the machines themselves. */
export function tellWorld(telling: Telling, world: World, change: Change): void {
  const said = changeText(world, change)
  if (said === null) return
  const { text, of, by = '' } = said
  const isKnown = change.type !== 'out' && telling.known.has(`${of.join()} ${text}`)
  telling.known.add(`${of.join()} ${text}`)
  if (!isKnown) tell(telling, text, { of, by })
}

/** null: told by whoever did it, or of no weight. */
function changeText(world: World, change: Change): Said | null {
  switch (change.type) {
    case 'out': {
      const serving = [...world.hosts.keys()].filter((host) => isServing(world, host)).length
      const out = change.out.length === 0 ? 'nobody' : change.out.join(', ')
      const byHand = change.byHand.length === 0 ? '' : `, by hand ${change.byHand.join(', ')}`
      const name = world.balancers.length === 1 ? 'the balancer' : change.balancer
      const by = change.who.kind === 'deploy' ? change.who.deployer : ''
      return { text: `${name} leaves out ${out}${byHand} (${serving} of ${world.hosts.size} serve)`, of: [], by }
    }
    case 'turned':
      return change.to === 'ill' ? { text: 'its app answers 500', of: [change.host] } : null
    case 'ended':
      return endedText(change)
    case 'activated':
    case 'remembered':
    case 'locked':
    case 'unlocked':
    case 'fetched':
    case 'laid-out':
    case 'shared':
    case 'ran':
    case 'noted':
    case 'journal':
    case 'migration':
    case 'pruned':
    case 'paused':
    case 'answered':
    case 'started':
    case 'power':
    case 'line':
    case 'balancer':
    case 'deployer-died':
      return null
  }
}

function endedText({ why, host }: Extract<Change, { type: 'ended' }>): Said | null {
  switch (why) {
    case 'died':
      return { text: 'a process of it dies', of: [host] }
    case 'given up':
      return { text: 'its manager gives the app up', of: [host] }
    case 'stopped':
      return null
  }
}

const commitNames = ['old', 'new', 'newer', 'newest']

/** Releases and commits by their age instead of their number; a second release of a commit is one that was built again. */
function createNames(): (text: string) => string {
  const releases = new Map<string, string>()
  const commitName = (digit: string): string => commitNames[Number(digit) - 1] ?? digit
  const releaseName = (id: string): string => {
    const known = releases.get(id)
    if (known !== undefined) return known
    const name = commitName(id.at(-1) ?? '')
    const isAgain = [...releases.values()].includes(name)
    releases.set(id, isAgain ? `${name} (built again)` : name)
    return releaseName(id)
  }
  return (text) =>
    text
      .replaceAll(/\d{14}-(\d)\1{6}/g, releaseName)
      .replaceAll(/\b(\d)\1{6}\b/g, (_, digit: string) => commitName(digit))
      .replaceAll(/\d{4}-\d\d-\d\dT(\d\d:\d\d):[\d.]+Z/g, '$1')
      .replaceAll(/ \(pid \d+\)/g, '')
}
