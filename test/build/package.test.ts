import { execFile } from 'node:child_process'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { declaration } from '../../build/declaration.ts'
import { ecosystemFile } from '../../src/commands/init/file.ts'
import { answers } from '../commands/init-answers.ts'
import { folderWith } from '../config/temporary.ts'

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

const options = ['--outDir', 'out', '--strict', '--allowJs', '--checkJs', '--module', 'nodenext', '--types', 'node']

/** What the compiler says, a line each, when these stand in a project that has installed the package. */
async function compiled(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly folder: string; readonly complaints: readonly string[] }> {
  const folder = await folderWith({
    'node_modules/zdr-deploy/package.json': await readFile(join(root, 'package.json'), 'utf8'),
    'node_modules/zdr-deploy/dist/index.d.ts': declaration(),
    ...files,
  })
  const words = [...options, '--typeRoots', join(root, 'node_modules/@types'), ...Object.keys(files)]
  const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...words], {
    cwd: folder,
  }).catch((error: { readonly stdout: string }) => error)
  return { folder, complaints: stdout.split('\n').filter((line) => line.includes('error')) }
}

const good = `import { type Config, defineConfig } from 'zdr-deploy'
const hosts: readonly string[] = ['10.0.0.11', '10.0.0.12']
const shared = { user: process.env.DEPLOY_USER, repo: 'git@git.example.com:shop.git', path: '/var/www/shop' }
export const config: Config = defineConfig({
  apps: [{ name: 'shop' }],
  deploy: {
    staging: { ...shared, host: 'staging-1' },
    production: {
      ...shared,
      host: [...hosts, { host: 'web-3', port: '22', server: 4001, ref: 'main' }],
      health: { url: 'http://localhost:4000/health', status: [200, 204], stable: '1.5m' },
      balancer: { type: 'nginx', on: '10.0.0.2', upstream: 'shop' },
      rollout: { batch: [{ size: 1, pause: true }, '25%'], 'min-serving': 2, soak: '5m' },
      'post-deploy': ['npm ci', 'pm2 reload shop'],
    },
  },
})
`

const bad = `import { defineConfig } from 'zdr-deploy'
const deploy = (production: Parameters<typeof defineConfig>[0]['deploy'][string]) => defineConfig({ deploy: { production } })
// @ts-expect-error no such key
deploy({ hots: 'web-1' })
// @ts-expect-error no unit
deploy({ rollout: { soak: '5' } })
// @ts-expect-error no such choice
deploy({ rollout: { 'on-failure': 'undo' } })
// @ts-expect-error the url is missing
deploy({ health: { stable: '1s' } })
// @ts-expect-error no share
deploy({ rollout: { batch: '25' } })
// @ts-expect-error no environments
defineConfig({ apps: [] })
`

test('the types take what is right, name what is wrong, and know what `init` writes; both kinds of module run', async () => {
  const written = ecosystemFile(answers, { name: 'shop', port: 4000 })
  const index = await readFile(join(root, 'src/index.ts'), 'utf8')
  const { folder, complaints } = await compiled({
    ...{ 'good.mts': good, 'good.cts': good, 'bad.mts': bad, 'index.mts': index },
    ...{ 'written.cjs': written, 'wrong.cjs': written.replaceAll("'post-deploy'", "'post-deplo'") },
  })
  expect(complaints).toEqual([expect.stringContaining("'post-deplo'")])
  await copyFile(join(folder, 'out/index.mjs'), join(folder, 'node_modules/zdr-deploy/dist/index.js'))
  for (const kind of ['mjs', 'cjs']) {
    const print = `import('./out/good.${kind}').then(({ config }) => console.log(Object.keys(config.deploy)))`
    const { stdout, stderr } = await run(process.execPath, ['-e', print], { cwd: folder })
    expect({ kind, stdout, stderr }).toEqual({ kind, stdout: "[ 'staging', 'production' ]\n", stderr: '' })
  }
})
