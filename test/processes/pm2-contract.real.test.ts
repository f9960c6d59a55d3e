import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import { pm2 } from '../../src/processes/pm2.ts'
import { localHost } from './local-host.ts'
import { type AppKind, processesContract } from './processes-contract.ts'

const binFolder = new URL('../../node_modules/.bin', import.meta.url).pathname
const limits = { timeoutMs: 60_000 }
const listens = `require('http').createServer((_, res) => res.end()).listen(process.env.PORT)`
const servers: Readonly<Record<AppKind, string>> = {
  well: listens,
  'throws at boot': `throw new Error('no database')`,
  dies: `${listens}; setTimeout(() => process.exit(1), 4000)`,
}

processesContract('pm2', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-pm2-contract-')))
  const places = layout(join(root, 'shop'))
  const port = await freePort()
  const host = localHost({ HOME: root, PM2_HOME: join(root, '.pm2'), PATH: `${binFolder}:${process.env.PATH}` })
  mkdirSync(places.zdr, { recursive: true })
  return {
    processes: pm2({ path: '~/shop' }),
    host,
    activate: async (release, app) => {
      const directory = join(places.releases, release)
      mkdirSync(directory, { recursive: true })
      writeFileSync(join(directory, 'server.js'), servers[app])
      const options = `{ name: 'shop', script: './server.js', instances: 2, exec_mode: 'cluster' }`
      writeFileSync(join(directory, 'ecosystem.config.js'), `module.exports = { apps: [${options}] }`)
      rmSync(places.current, { force: true })
      symlinkSync(directory, places.current)
      const commands = ['pm2 startOrReload ecosystem.config.js --env production']
      return { directory, current: places.current, commands, env: { PORT: String(port) }, environment: 'production' }
    },
    untilWell: async () => {
      const isWell = (): Promise<boolean> =>
        fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
          ({ ok }) => ok,
          () => false,
        )
      await expect.poll(isWell, { timeout: 40_000, interval: 200 }).toBe(true)
    },
    close: async () => {
      await host.run('cd "$HOME" && pm2 kill', limits)
      rmSync(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
