import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { personBeside, type Terminal } from '../../src/commands/ask-person.ts'
import { fakeClock } from '../engine/fake-clock.ts'
import { context } from './environment.ts'

const never = new Promise<void>(() => undefined)

interface Asking {
  readonly withdrawn?: Promise<void>
  /** What was typed before the question. */
  readonly ahead?: string
}

/** A terminal whose foreground a test may take away. Resolves when the question has stood for long enough to be read. */
async function asking({ withdrawn = never, ahead = '' }: Asking = {}) {
  const input = new PassThrough()
  input.write(ahead)
  const { terminal, move } = terminalOf(input)
  const on = context({ isTerminal: true })
  const ask = personBeside(on, terminal)
  const answer = ask(withdrawn)
  await terminal.clock.sleep(1_000)
  return { input, answer, ask, move, said: on.reports }
}

function terminalOf(input: PassThrough) {
  let isOurs = true
  const callbacks = new Set<() => void>()
  const terminal: Terminal = {
    input,
    clock: fakeClock(),
    isOurs: () => isOurs,
    onContinued: (callback) => {
      callbacks.add(callback)
      return () => callbacks.delete(callback)
    },
  }
  /** Ctrl-Z, then `bg` or `fg`. */
  const move = (to: 'background' | 'foreground'): void => {
    isOurs = to === 'foreground'
    for (const callback of callbacks) callback()
  }
  return { terminal, move }
}

describe('whoever sits before the terminal', () => {
  test.each([
    ['y', 'resume'],
    ['yes', 'resume'],
    ['  Yes ', 'resume'],
    ['n', 'abort'],
    ['NO', 'abort'],
  ])('says %j and means %s', async (line, meant) => {
    const { input, answer } = await asking()
    input.write(`${line}\n`)
    expect(await answer).toBe(meant)
  })

  test('is understood by a plain yes or no only', async () => {
    const { input, answer, said } = await asking()
    input.write('\nwhat?\nyesterday\nnot yet\ny\n')
    expect(await answer).toBe('resume')
    const again = { type: 'note', level: 'info', text: 'type y or n, and Enter' }
    expect(said).toEqual([again, again, again, again])
  })

  test('has not answered by what was typed before the question', async () => {
    const { input, answer, said } = await asking({ ahead: 'y\ny\n' })
    expect(said).toEqual([])
    input.write('n\n')
    expect(await answer).toBe('abort')
  })

  test('is not there in the background: whoever reads there is stopped', async () => {
    const input = new PassThrough()
    const { terminal, move } = terminalOf(input)
    move('background')
    expect(await personBeside(context({ isTerminal: true }), terminal)(never)).toBe(null)
    expect(input.listenerCount('data')).toBe(0)
  })

  test('goes to the background and comes back, and is listened to only here', async () => {
    const { input, answer, move } = await asking()
    move('background')
    expect(input.isPaused()).toBe(true)
    move('foreground')
    expect(input.isPaused()).toBe(false)
    input.write('y\n')
    expect(await answer).toBe('resume')
  })

  test('says nothing by going away, or by closing the input', async () => {
    const closed = await asking()
    closed.input.end('yesterday\n')
    expect(await closed.answer).toBe(null)
    const gone = await asking()
    gone.input.destroy(new Error('EIO'))
    expect(await gone.answer).toBe(null)
  })

  test('is not asked any more when the question is withdrawn, and may be asked again', async () => {
    let withdraw = (): void => undefined
    const withdrawn = new Promise<void>((resolve) => {
      withdraw = resolve
    })
    const { input, answer, ask } = await asking({ withdrawn })
    withdraw()
    expect(await answer).toBe(null)
    expect(input.listenerCount('error')).toBe(0)
    input.write('y\n')
    const again = ask(never)
    await fakeClock().sleep(1_000)
    setTimeout(() => input.write('n\n'), 50)
    expect(await again).toBe('abort')
  })

  test('is not there without a terminal: what is piped in is no answer', async () => {
    const input = new PassThrough()
    input.end('y\n')
    expect(await personBeside(context(), terminalOf(input).terminal)(never)).toBe(null)
  })
})
