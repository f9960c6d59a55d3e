import { expect, test } from 'vitest'
import { environmentNames, loadEnvironment } from '../../src/config/load.ts'
import { folderWith, refusal } from './temporary.ts'

const deploy = (name: string) =>
  `deploy: { ${name}: { host: h, ref: main, repo: r, path: /srv/shop, reload: pm2 reload x } }`

test('the first file with a deploy section is taken, in the order of pm2, then ours', async () => {
  const cwd = await folderWith({
    'package.json': `{ ${deploy('in_package')} }`,
    'deploy.yml': deploy('in_deploy_yml'),
    'ecosystem.config.cjs': `module.exports = { apps: [] }`,
    'ecosystem.json': `{ ${deploy('in_json')} }`,
  })
  expect(await environmentNames({ cwd })).toEqual(['in_json'])
})

test.each(['ecosystem.config.js', 'ecosystem.config.cjs', 'ecosystem.config.mjs', 'ecosystem.config.ts'])(
  '%s is found',
  async (name) => {
    const object = "{ apps: [], deploy: { production: { host: 'h', ref: 'main', repo: 'r', path: '/srv/x' } } }"
    const cwd = await folderWith({
      [name]: /js$/.test(name) && name.endsWith('.cjs') ? `module.exports = ${object}` : `export default ${object}`,
    })
    expect((await loadEnvironment({ cwd, environment: 'production' })).file).toBe(name)
  },
)

test.each([
  'ecosystem.json',
  'ecosystem.yml',
  'ecosystem.yaml',
  'deploy.yml',
  'deploy.yaml',
  'ecosystem.json5',
  'package.json',
])('%s is found', async (name) => {
  const cwd = await folderWith({ [name]: `{ ${deploy('production')} }` })
  expect((await loadEnvironment({ cwd, environment: 'production' })).file).toBe(name)
})

test('the file that was named is taken, and no other', async () => {
  const cwd = await folderWith({ 'deploy.yml': deploy('one'), 'config/other.yml': deploy('two') })
  expect(await environmentNames({ cwd, file: 'config/other.yml' })).toEqual(['two'])
  expect(await refusal(environmentNames({ cwd, file: 'none.yml' }))).toMatchObject({
    code: 'config',
    message: expect.stringContaining('none.yml'),
  })
  expect((await refusal(environmentNames({ cwd, file: 'notes.txt' }))).message).toContain('notes.txt')
})

test('where there is none, it says what was looked for, and how to begin', async () => {
  const cwd = await folderWith({ 'package.json': '{ "name": "shop" }' })
  const error = await refusal(environmentNames({ cwd }))
  for (const name of ['ecosystem.config.js', 'ecosystem.yml', 'deploy.yaml']) expect(error.message).toContain(name)
  expect(error.hint).toContain('zdr-deploy init')
})

test('an ecosystem file without a deploy section is named', async () => {
  const cwd = await folderWith({ 'ecosystem.config.cjs': 'module.exports = { apps: [] }' })
  expect((await refusal(environmentNames({ cwd }))).message).toContain('ecosystem.config.cjs')
})

test('an environment that is not there: which are, and which was meant', async () => {
  const cwd = await folderWith({ 'deploy.yml': 'deploy: { production: {}, staging: {} }' })
  const error = await refusal(loadEnvironment({ cwd, environment: 'prodution' }))
  expect(error).toMatchObject({ code: 'config', hint: 'Did you mean `production`?' })
  expect(error.message).toContain('production, staging')
  expect((await refusal(loadEnvironment({ cwd, environment: 'constructor' }))).message).toContain('no environment')
})

test('a ref of the command line goes before that of the file, and an empty one is refused', async () => {
  const cwd = await folderWith({ 'deploy.yml': deploy('production') })
  const load = (ref: string) => loadEnvironment({ cwd, environment: 'production', overrides: { ref } })
  expect((await load('v2')).ref).toBe('v2')
  for (const wrong of ['', ' ', '--upload-pack=x']) expect(await refusal(load(wrong))).toMatchObject({ code: 'usage' })
})
