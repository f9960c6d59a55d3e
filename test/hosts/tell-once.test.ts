import { expect, test } from 'vitest'
import { tellOnce } from '../../src/hosts/tell-once.ts'

test('an output that is told again is passed on once, and a torn line again as a whole', () => {
  const heard: string[] = []
  const listen = tellOnce((line, stream) => heard.push(`${stream} ${line}`))
  const first = listen()
  first('one', 'stdout')
  first('bad', 'stderr')
  first('tw', 'stdout')
  const second = listen()
  first('too late', 'stdout')
  for (const line of ['one', 'two', 'three']) second(line, 'stdout')
  second('bad', 'stderr')
  const third = listen()
  for (const line of ['one', 'two', 'three', 'three']) third(line, 'stdout')
  expect(heard).toEqual(['stdout one', 'stderr bad', 'stdout tw', 'stdout two', 'stdout three', 'stdout three'])
})
