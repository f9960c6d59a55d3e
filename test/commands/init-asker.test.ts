import { expect, test } from 'vitest'
import { asker, type Question } from '../../src/commands/init/asker.ts'

const host: Question = {
  flag: 'host',
  text: 'Hosts',
  guess: 'web-1',
  problemOf: (answer) => (answer === '' || answer.includes('!') ? 'is wrong' : null),
}

/** Somebody who types these lines, and then leaves. */
function person(...lines: readonly string[]) {
  const left = [...lines]
  const heard: string[] = []
  const prompt = async (text: string) => {
    heard.push(text)
    return left.shift() ?? null
  }
  return { heard, prompt, say: (text: string) => void heard.push(text) }
}

test('Enter takes the guess, which is shown', async () => {
  const somebody = person('')
  expect(await asker({}, somebody).ask(host)).toBe('web-1')
  expect(somebody.heard).toEqual(['Hosts [web-1]: '])
})

test('what is wrong is asked for again, with the reason', async () => {
  const somebody = person('web!', ' web-2 ')
  expect(await asker({}, somebody).ask(host)).toBe('web-2')
  expect(somebody.heard).toContain('  It is wrong.')
})

test('what has no guess is asked until it is said', async () => {
  expect(await asker({}, person('', '', 'web-3')).ask({ ...host, guess: null })).toBe('web-3')
})

test('`none` is an answer where there may be none', async () => {
  const optional = { ...host, isOptional: true }
  const somebody = person('none')
  expect(await asker({}, somebody).ask(optional)).toBe('')
  expect(somebody.heard).toEqual(['Hosts, or `none` [web-1]: '])
  expect(await asker({}, person('none')).ask(host)).toBe('none')
})

test('who leaves has written nothing', async () => {
  await expect(asker({}, person()).ask(host)).rejects.toMatchObject({ code: 'interrupted' })
})

test('what an option says is not asked for', async () => {
  const somebody = person()
  expect(await asker({ host: 'web-4' }, somebody).ask(host)).toBe('web-4')
  expect(somebody.heard).toEqual([])
})

test('someone who is never right is not asked for ever', async () => {
  const somebody = person(...Array.from({ length: 100 }, () => '!'))
  await expect(asker({}, somebody).ask(host)).rejects.toMatchObject({ code: 'usage' })
})
