/** One script under way on one channel: sent, its output read, its end awaited. Knows nothing of SSH. */
import { randomUUID } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import type { Duplex, Readable } from 'node:stream'
import type { CommandResult, RunOptions } from './host.ts'
import { outputReader } from './remote-output.ts'
import { frame, isTarget } from './remote-script.ts'

/** A channel on which BOOTSTRAP was started. Emits `exit` (status, signal) before `close`. */
export interface ScriptChannel extends Duplex {
  readonly stderr: Readable
}

export interface RemoteCommand {
  /** Resolves with true when the script begins; with false where the channel closed before a shell took it. */
  readonly begun: Promise<boolean>
  /** Resolves, and never rejects, when the channel has closed. */
  readonly ended: Promise<CommandResult>
  /** As it stands now: for a command whose end is not awaited any longer. */
  result(): CommandResult
  /** What `kill` takes to end it with all it started; null before it has begun. */
  target(): string | null
  /** What the login shell printed before the script. */
  noise(): string
  write(text: string): void
  endInput(): void
  close(): void
}

/** Sends the script, which begins as soon as the shell there has read it. Its input stays open until `endInput`. */
export function attend(
  channel: ScriptChannel,
  script: string,
  onLine: NonNullable<RunOptions['onLine']> = () => {},
): RemoteCommand {
  const marker = `zdr-${randomUUID()}`
  let target: string | null = null
  let exit: Pick<CommandResult, 'code' | 'signal'> = { code: null, signal: null }
  let markBegun: (begun: boolean) => void = () => {}
  const begun = new Promise<boolean>((resolve) => {
    markBegun = resolve
  })
  const stdout = outputReader({ marker, onMarker: () => markBegun(true), onLine: (line) => onLine(line, 'stdout') })
  const stderr = outputReader({
    marker,
    onMarker: (rest) => {
      target = isTarget(rest) ? rest : null
    },
    onLine: (line) => onLine(line, 'stderr'),
  })
  const result = (): CommandResult => ({ ...exit, timedOut: false, stdout: stdout.text(), stderr: stderr.text() })

  channel.on('data', (chunk: Buffer) => stdout.push(chunk))
  channel.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  channel.on('exit', (code: number | null, signal?: string) => {
    exit = { code, signal: signal ?? null }
  })
  // A write that comes too late is no news: the end is told by `close`.
  channel.on('error', () => {})
  channel.stderr.on('error', () => {})
  const ended = Promise.all([heard(channel, 'close'), heard(channel.stderr, 'end')]).then(() => {
    stdout.end()
    stderr.end()
    markBegun(false)
    return result()
  })
  channel.write(frame(script, marker))

  return {
    begun,
    ended,
    result,
    target: () => target,
    noise: () => `${stdout.noise()}${stderr.noise()}`.trim(),
    write: (text) => void (channel.writable && channel.write(text)),
    endInput: () => void (channel.writable && channel.end()),
    close: () => void channel.destroy(),
  }
}

/** Unlike `events.once` it does not reject on `error`. */
function heard(emitter: EventEmitter, event: string): Promise<void> {
  return new Promise((resolve) => {
    emitter.once(event, () => resolve())
  })
}
