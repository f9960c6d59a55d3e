import { describe, expect, it } from 'vitest'
import { renderNginx } from '../../src/balancers/render.ts'
import { interpret, parseJournal, readFacts } from '../../src/balancers/switch-state.ts'

const members = ['a', 'b', 'c'].map((name) => ({ name, server: `${name}:1` }))
const rendered = renderNginx({ members, batches: [], upstream: 'shop', statusPort: 21_000 })
const none: readonly string[] = []

/** What a machine says on which the switch stands on `file`. */
const facts = (file: string, journal: readonly string[]) => {
  const pool = file === 'in' ? 'zdr_shop' : `zdr_shop__${file}`
  return readFacts(
    [`file ${file}`, `answer ${pool} ${rendered.hash}`, ...journal.map((text) => `journal ${text}`)].join('\n'),
  )
}

const line = (from: string, out: string, byHand = none, fromByHand = none): string =>
  JSON.stringify({ at: '', by: 'x', from, fromByHand, out, byHand })

describe('who is out by hand', () => {
  it.each([
    ['nobody, where nobody is out', 'in', [line('out_a_1', 'in')], []],
    ['nobody, where the last line says so', 'out_a_1', [line('in', 'out_a_1')], []],
    ['whoever is out, where no deploy ever ran', 'out_a_1', [], ['a']],
    ['whoever is out, where the last deploy left everybody in', 'out_a_1', [line('out_b_1', 'in')], ['a']],
    ['the other one, where a person took out a second', 'out_a_1__b_1', [line('in', 'out_a_1')], ['b']],
    [
      'nobody, where a rename was announced and never done',
      'out_a_1',
      [line('in', 'out_a_1'), line('out_a_1', 'in')],
      [],
    ],
    [
      'who was, where a rename was announced and never done',
      'out_c_1',
      [line('out_c_1', 'out_a_1__c_1', ['c'], ['c'])],
      ['c'],
    ],
    ['who was before the deploy', 'out_a_1__c_1', [line('out_c_1', 'out_a_1__c_1', ['c'], ['c'])], ['c']],
    ['nobody, behind a torn line', 'out_a_1', [line('in', 'out_a_1'), '{"at":"","from":"out_'], []],
  ])('%s', (_, file, journal, byHand) => {
    expect(interpret(facts(file, journal), rendered)).toMatchObject({ file, byHand })
  })

  it('is read from the last whole line of a journal, whatever else stands there', () => {
    expect(parseJournal([line('in', 'out_a_1'), 'null', '7', '{}', '{"from":1}', ''])).toMatchObject({ out: 'out_a_1' })
    expect(parseJournal([])).toBeNull()
  })
})

describe('a switch is not relied on', () => {
  const well = `file in\nanswer zdr_shop ${rendered.hash}\n`
  it.each([
    ['where its folder is missing', 'answer x y\nno folder', 'no switch folder'],
    ['where its file is missing', `answer zdr_shop ${rendered.hash}`, 'no switch file'],
    ['where there are two files', `${well}file out_a_1`, 'several switch files'],
    ['where nginx says nothing', 'file in\nanswer ', 'does not answer'],
    ['where one of the workers says nothing', `${well}answer `, 'does not answer'],
    ['where nginx runs another rendering', 'file in\nanswer zdr_shop 0123456789abcdef', 'other pools'],
    ['where nginx sees no file', `file in\nanswer blind ${rendered.hash}`, 'cannot see'],
    ['where nginx has no pool for the file', `file out_x\nanswer blind ${rendered.hash}`, 'everybody is in'],
    ['where nginx and the folder disagree', `file out_a_1\nanswer zdr_shop ${rendered.hash}`, 'says'],
    ['where workers disagree', `${well}answer zdr_shop__out_a_1 ${rendered.hash}`, 'says'],
    ['where one worker is blind', `${well}answer blind ${rendered.hash}`, 'says'],
  ])('%s', (_, stdout, trouble) => {
    expect(interpret(readFacts(well), rendered)).toMatchObject({ out: [] })
    expect(interpret(readFacts(stdout), rendered)).toMatchObject({ trouble: expect.stringContaining(trouble) })
  })
})
