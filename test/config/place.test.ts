import { expect, test } from 'vitest'
import { placeOf } from '../../src/config/place.ts'

const program = `const common = { user: 'deploy', port: '22' }
module.exports = {
  apps: [
    { name: 'a,b', script: "x}y.js" },
    // { name: 'not this one', kill_timeout: 1 },
    {
      name: 'shop',
      'kill_timeout': 5000,
    },
  ],
  deploy: {
    staging: { host: 'other', port: 1 },
    production: {
      ...common,
      'pre-deploy': 'echo port: 1',
      host: ['web-1', { host: 'web-2', port: 2222 }],
      env: { port: '3000' },
      port: 2222, /* port: 3 */
    },
  },
}
`
const source = { shown: 'ecosystem.config.js', text: program, locate: () => 'ecosystem.config.js' }

test.each([
  [['deploy', 'production', 'port'], 18],
  [['deploy', 'production', 'env', 'port'], 17],
  [['deploy', 'production', 'host', 1, 'port'], 16],
  [['deploy', 'production', 'balancer'], 13],
  [['deploy', 'staging', 'port'], 12],
  [['apps', 1, 'kill_timeout'], 8],
  [['apps', 0, 'kill_timeout'], 4],
  [['nothing'], null],
])('%j is found by the text of a program', (path, line) => {
  expect(placeOf(source, path)).toEqual({ file: 'ecosystem.config.js', line })
})

test('of data the place is known', () => {
  expect(placeOf({ ...source, locate: () => 'deploy.yml:7:3' }, ['deploy']).line).toBe(7)
})
