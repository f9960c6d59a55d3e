#!/usr/bin/env node
/** argv → command → exit code. The only process.exit, the only catch-all. Imports what it needs when it needs it. */
import { readFileSync } from 'node:fs'
import type { Invocation } from './commands/arguments.ts'
import type { CommandContext } from './commands/context.ts'
import type { ErrorCode, UserError } from './errors.ts'
import type { ExitCode, Output, Report } from './rollout/report.ts'

const argv = process.argv.slice(2)

if (argv[0] === '--version') console.log(manifest().version)
else void main()

async function main(): Promise<void> {
  const asked = await understand()
  const isTerminal = await isAtTerminal(asked)
  const output = await openOutput(asked, isTerminal)
  const { watchInterrupts } = await import('./commands/interrupt.ts')
  // `prepare` and `migrate` switch nothing. From any other step on, an end that nobody foresaw means "look there".
  let touched = false
  const report = (event: Report) => {
    touched ||= event.type === 'step' && event.step !== 'prepare' && event.step !== 'migrate'
    show(output, spelledOut(event, asked))
  }
  const leave = (code: ExitCode) => {
    void output.close()
    process.exit(code)
  }
  const fail = (error: unknown) => leave(tell(report, error, touched))
  process.on('uncaughtException', fail).on('unhandledRejection', fail)
  // Nobody reads on (`| head`): no reason to end a deploy, but there is none for a command to go on.
  if ('invocation' in asked && asked.invocation.verb === 'exec')
    process.stdout.once('error', () => void process.emit('SIGHUP'))
  const interrupts = watchInterrupts({ source: process, nowMs: () => performance.now(), leave: () => leave(130) })

  const context: CommandContext = {
    cwd: process.cwd(),
    env: process.env,
    report,
    onInterrupt: interrupts.listen,
    isTerminal,
  }
  const code = await run(asked, context).catch((error: unknown) => tell(report, error, touched))
  await output.close()
  process.exit(code)
}

/** Whether a person can be asked, by the commands that may ask. In the background nobody can. */
async function isAtTerminal(asked: Asked): Promise<boolean> {
  const verb = 'invocation' in asked ? asked.invocation.verb : null
  if (verb !== 'deploy' && verb !== 'resume' && verb !== 'unlock' && verb !== 'init') return false
  // Questions would stand between the events.
  if (verb === 'init' && asked.ours.includes('--json')) return false
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return false
  return (await import('./commands/foreground.ts')).isInForeground()
}

/** `ours`: the words without those of a command for the hosts. */
type Asked = { readonly ours: readonly string[] } & ({ readonly invocation: Invocation } | { readonly error: unknown })

/** What is wrong with the arguments is told later, when there is an output to tell it. */
async function understand(): Promise<Asked> {
  const { parseArguments, splitCommand } = await import('./commands/arguments.ts')
  const { ours } = await splitCommand(argv)
  return parseArguments(argv).then(
    (invocation) => ({ ours, invocation }),
    (error: unknown) => ({ ours, error }),
  )
}

async function openOutput(asked: Asked, isTerminal: boolean): Promise<Output> {
  const [{ chooseOutput }, { isAnswer }] = await Promise.all([
    import('./output/choose.ts'),
    import('./commands/verbs.ts'),
  ])
  const { ours } = asked
  const wishes = {
    json: ours.includes('--json'),
    verbose: ours.includes('--verbose'),
    color: !ours.includes('--no-color'),
    onHosts: 'invocation' in asked && 'environment' in asked.invocation,
    isAnswer: 'invocation' in asked && isAnswer(asked.invocation.verb),
    asks: isTerminal,
  }
  return chooseOutput(wishes, { env: process.env, out: process.stdout, err: process.stderr, nowMs: Date.now })
}

/** Whoever gives a hint does not know the environment; whoever reads it can paste the command. */
function spelledOut(event: Report, asked: Asked): Report {
  if (!('hint' in event) || event.hint === undefined || !('invocation' in asked)) return event
  const { invocation } = asked
  return 'environment' in invocation
    ? { ...event, hint: event.hint.replaceAll('<environment>', invocation.environment) }
    : event
}

/** A deploy does not end because it cannot be drawn. */
function show(output: Output, event: Report): void {
  const reported = { ...event, at: new Date().toISOString() }
  try {
    output.show(reported)
  } catch (error) {
    process.stderr.write(`${String(error)}, while this was shown: ${JSON.stringify(reported)}\n`)
  }
}

async function run(asked: Asked, context: CommandContext): Promise<ExitCode> {
  if ('error' in asked) throw asked.error
  return dispatch(asked.invocation, context)
}

async function dispatch(invocation: Invocation, context: CommandContext): Promise<ExitCode> {
  switch (invocation.verb) {
    case 'help':
      console.log(invocation.text)
      return 0
    case 'version':
      console.log(manifest().version)
      return 0
    case 'completion':
      console.log(await (await import('./commands/completion.ts')).script(invocation.shell))
      return 0
    case '__complete':
      for (const line of await (await import('./commands/complete.ts')).complete(invocation.words, context.cwd))
        console.log(line)
      return 0
    case 'init':
      return (await import('./commands/init.ts')).run(invocation, context)
    case 'setup':
      return (await import('./commands/setup.ts')).run(invocation, context)
    case 'doctor':
      return (await import('./commands/doctor.ts')).run(invocation, context)
    case 'status':
      return (await import('./commands/status.ts')).run(invocation, context)
    case 'current':
    case 'previous':
    case 'list':
      return (await import('./commands/releases.ts')).run(invocation, context)
    case 'exec':
      return (await import('./commands/exec.ts')).run(invocation, context)
    case 'resume':
    case 'abort':
      return (await import('./commands/answer.ts')).run(invocation, context)
    case 'unlock':
      return (await import('./commands/unlock.ts')).run(invocation, context)
    case 'plan':
      return (await import('./commands/plan.ts')).run(invocation, context)
    case 'deploy':
      return (await import('./commands/deploy.ts')).run(invocation, context)
  }
}

/** What a user can mend is told without a stack; anything else is our bug, and says so. */
function tell(report: CommandContext['report'], error: unknown, touched: boolean): ExitCode {
  if (isUserError(error)) {
    const exitCode = touched ? 4 : exitCodeOf(error.code)
    const { code, message, hint, output } = error
    report({
      type: 'error',
      code,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(output === undefined ? {} : { output }),
      exitCode,
    })
    return exitCode
  }
  const exitCode = touched ? 4 : 1
  const output = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const hint = `Please report it${issues()}, with the lines above and the command that you ran.`
  report({ type: 'error', code: 'bug', message: 'This is a bug in zdr-deploy.', output, hint, exitCode })
  return exitCode
}

function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case 'usage':
    case 'config':
      return 2
    case 'locked':
      return 5
    case 'interrupted':
      return 130
    case 'host-unreachable':
    case 'host-key':
    case 'authentication':
    case 'host-command':
    case 'preflight':
    case 'balancer':
    case 'drain':
    case 'verify':
    case 'no-release':
    case 'git':
      return 1
  }
}

/** By its name: importing the class here would cost `--version` its start-up time. */
function isUserError(error: unknown): error is UserError {
  return error instanceof Error && error.name === 'UserError'
}

function issues(): string {
  const url = manifest().bugs?.url
  return url === undefined ? '' : ` at ${url}`
}

interface Manifest {
  readonly version: string
  readonly bugs?: { readonly url?: string }
}

function manifest(): Manifest {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest
}
