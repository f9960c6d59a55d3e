import { EventEmitter } from 'node:events'
import { describe, expect, test } from 'vitest'
import { watchInterrupts } from '../../src/commands/interrupt.ts'

function watch() {
  const source = new EventEmitter()
  const heard: string[] = []
  let now = 0
  const interrupts = watchInterrupts({ source, nowMs: () => now, leave: () => heard.push('leave') })
  return {
    heard,
    listen: () => interrupts.listen((count) => heard.push(`handler ${count}`)),
    signal: (name: string, afterMs: number) => {
      now += afterMs
      source.emit(name)
    },
  }
}

describe('an interruption', () => {
  test('is told first; the second one leaves, after it was told', () => {
    const { heard, listen, signal } = watch()
    listen()
    signal('SIGINT', 1000)
    expect(heard).toEqual(['handler 1'])
    signal('SIGTERM', 1000)
    expect(heard).toEqual(['handler 1', 'handler 2', 'leave'])
  })

  test('leaves at once where nobody listens', () => {
    const { heard, signal } = watch()
    signal('SIGTERM', 1000)
    expect(heard).toEqual(['leave'])
  })

  test('that npm passes on a second time counts once', () => {
    const { heard, listen, signal } = watch()
    listen()
    signal('SIGINT', 1000)
    signal('SIGINT', 5)
    expect(heard).toEqual(['handler 1'])
  })

  test('of a terminal that went away counts as well', () => {
    const { heard, listen, signal } = watch()
    listen()
    signal('SIGHUP', 1000)
    expect(heard).toEqual(['handler 1'])
  })
})
