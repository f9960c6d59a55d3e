import type { Reported } from '../rollout/report.ts'
import { createBlocks } from './blocks.ts'
import type { Paint } from './paint.ts'
import { pausedLines } from './pause.ts'
import { createPlainText } from './plain.ts'
import type { Screen } from './screen.ts'

/** What stays on the terminal; what only happens now is seen in the list. */
export function createLiveText(screen: Screen, { paint, asks }: { readonly paint: Paint; readonly asks: boolean }) {
  const blocks = createBlocks(() => ({ paint, columns: screen.columns() }))
  const sayings = createPlainText({ paint, verbose: false, stamps: false, asks })
  const said = (report: Reported, environment: string): readonly string[] => {
    if (report.type === 'paused') return pausedLines(report, { environment, asks, paint })
    return staysOnScreen(report) ? sayings.lines(report) : []
  }
  return {
    lines: (report: Reported, environment: string): readonly string[] => [
      ...blocks.take(report),
      ...said(report, environment),
    ],
    rest: blocks.rest,
  }
}

/** What is told in lines that stay above the list; all else is seen in the list. */
function staysOnScreen(report: Reported): boolean {
  return report.type === 'note' || report.type === 'resolved' || report.type === 'answered'
}
