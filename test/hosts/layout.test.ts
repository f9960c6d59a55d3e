import { expect, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'

test('everything of ours lies below the configured path, with or without a slash at its end', () => {
  const at = layout('/var/www/shop/')
  expect(at).toEqual(layout('/var/www/shop'))
  expect(at.current).toBe('/var/www/shop/current')
  expect(Object.values(at).every((path) => path.startsWith('/var/www/shop'))).toBe(true)
})
