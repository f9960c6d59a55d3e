import { expect, test } from 'vitest'
import { commandText } from '../../src/commands/deploying.ts'
import { environment } from './environment.ts'

test('whoever has the lock says what is deployed, or gone back to', () => {
  const config = environment({ ref: 'v2' })
  expect(commandText(config, { kind: 'ref', ref: null })).toBe('deploy production v2')
  expect(commandText(config, { kind: 'release', release: 1 })).toBe('rollback production')
  expect(commandText(config, { kind: 'release', release: 2 })).toBe('revert production 2')
  expect(commandText(config, { kind: 'release', release: '20261101000000-1111111' })).toBe(
    'rollback production 20261101000000-1111111',
  )
})
