/** A deploy that waits for a yes. */
import type { Report } from '../rollout/report.ts'
import { oneLine, type Paint } from './paint.ts'
import { clockTime } from './words.ts'

type PausedReport = Extract<Report, { type: 'paused' }>
type AnsweredReport = Extract<Report, { type: 'answered' }>

export interface PauseOptions {
  readonly environment: string
  /** Whether an answer can be typed here. */
  readonly asks: boolean
  readonly paint: Paint
}

/** Lines: after whom, until when, and who may answer how. What becomes of a no is up to `on-failure`. */
export function pausedLines({ after, until }: PausedReport, options: PauseOptions): readonly string[] {
  const { environment, asks, paint } = options
  const title = `paused after ${oneLine(after.join(', '))}`
  return [
    `${paint('strong', title)}: waits for a yes until ${clockTime(until)}; no answer is a no`,
    `  anywhere: \`zdr-deploy ${environment} resume\` or \`zdr-deploy ${environment} abort\``,
    ...(asks ? [`  here: ${paint('strong', 'type y or n and Enter')}`] : []),
  ]
}

export function answeredText({ answer, by }: AnsweredReport): string {
  switch (answer) {
    case 'resume':
      return `the answer is yes, by ${oneLine(by)}`
    case 'abort':
      return `the answer is no, by ${oneLine(by)}`
  }
}
