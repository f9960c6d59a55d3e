import { expect, test } from 'vitest'
import { localUser } from '../../src/hosts/local-user.ts'

test('a user without an account has a name all the same', () => {
  const unknown = (): string => {
    throw new Error('no such user')
  }
  expect(localUser({ USER: 'ada' }, () => 'grace')).toBe('grace')
  expect(localUser({ USER: 'ada', LOGNAME: 'grace' }, unknown)).toBe('ada')
  expect(localUser({ USER: '', LOGNAME: 'grace' }, unknown)).toBe('grace')
  expect(localUser({}, unknown)).toBe(`uid-${process.getuid?.()}`)
})
