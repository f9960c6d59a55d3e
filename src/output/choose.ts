/** Which output: for a person at a terminal, for a log, or for a program. */
import type { Output } from '../rollout/report.ts'
import { createAnswer } from './answer.ts'
import { createJson } from './json.ts'
import { colorPaint, plainPaint, wantsColor } from './paint.ts'
import { createPlain } from './plain.ts'
import { createSink, type OutputStream } from './sink.ts'

export interface OutputWishes {
  readonly json: boolean
  readonly verbose: boolean
  /** False with --no-color. */
  readonly color: boolean
  /** True for what happens on hosts, and takes a while. */
  readonly onHosts: boolean
  /** True for what is asked to be read, or piped: nothing but the answer goes to standard output. */
  readonly isAnswer: boolean
  /** True where a person sits at the terminal, and can be asked. */
  readonly asks: boolean
}

export interface OutputSurroundings {
  readonly env: NodeJS.ProcessEnv
  readonly out: OutputStream
  readonly err: OutputStream
  readonly nowMs: () => number
}

export async function chooseOutput(
  wishes: OutputWishes,
  { env, out, err, nowMs }: OutputSurroundings,
): Promise<Output> {
  const { json, verbose, color, onHosts, isAnswer, asks } = wishes
  if (json) return createJson({ out: createSink(out), verbose })
  const isTerminal = out.isTTY === true && err.isTTY === true
  const paint = wantsColor({ color, env, isTerminal }) ? colorPaint : plainPaint
  if (isAnswer)
    return createAnswer({ out: createSink(out), err: createSink(err), paint, isTerminal: out.isTTY === true })
  if (onHosts && !verbose && canDrawOver(env, out)) {
    const { createLive } = await import('./live.ts')
    return createLive({ out, err, paint, nowMs, asks })
  }
  return createPlain({ out: createSink(out), err: createSink(err), paint, verbose, stamps: onHosts, asks })
}

/** CI services have been seen to give a terminal to their jobs; their logs are no place to draw over. */
export function canDrawOver(env: NodeJS.ProcessEnv, out: Pick<OutputStream, 'isTTY'>): boolean {
  const isCi = env.CI !== undefined && !['', '0', 'false'].includes(env.CI)
  return out.isTTY === true && env.TERM !== 'dumb' && !isCi
}
