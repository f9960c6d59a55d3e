import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nearest } from '../../src/config/nearest.ts'

const words = ['production', 'staging', 'status', 'setup', 'plan', 'min-serving', 'host']

test.each([
  ['prodution', 'production'],
  ['stauts', 'status'],
  ['PLAN', 'plan'],
  ['min_serving', 'min-serving'],
  ['minServing', 'min-serving'],
  ['hots', 'host'],
])('%s means %s', (typed, meant) => {
  expect(nearest(typed, words)).toBe(meant)
})

test('a word that is like none of them means none of them', () => {
  expect(nearest('rollback', words)).toBeUndefined()
  expect(nearest('anything', [])).toBeUndefined()
})

test('one mistake never hides a word, and the word itself always wins', () => {
  fc.assert(
    fc.property(fc.constantFrom(...words), fc.nat(), (word, seed) => {
      const at = seed % word.length
      expect(nearest(word.slice(0, at) + word.slice(at + 1), [word])).toBe(word)
      expect(nearest(word, words)).toBe(word)
    }),
  )
})
