import { homedir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { localHost } from '../../src/hosts/local-host.ts'
import { hostContract } from './host-contract.ts'
import { isAlive } from './step-ground.ts'

const limit = { timeoutMs: 20_000 }
const here = (env: Readonly<Record<string, string | undefined>> = process.env) =>
  localHost({ name: 'localhost', env, home: homedir() })

hostContract('this machine, without SSH', async () => ({ host: here(), isAlive, cut: null, stop: async () => {} }))

describe('this machine, without SSH', () => {
  it('is at home, as after a login, with the variables of whoever deploys', async () => {
    const host = here({ ...process.env, COLOUR: 'blue' })
    expect((await host.run('pwd; echo $COLOUR', limit)).stdout).toBe(`${homedir()}\nblue\n`)
    await host.close()
  })

  it('hears nothing of the npm or the git hook that started the deploy', async () => {
    const host = here({
      PATH: process.env.PATH,
      GIT_DIR: '.',
      GIT_ASKPASS: 'ask',
      npm_config_package: 'x',
      INIT_CWD: '/',
    })
    const { stdout } = await host.run('env | grep -E "^(GIT_|npm_|INIT_CWD)"', limit)
    expect(stdout).toBe('GIT_ASKPASS=ask\n')
    await host.close()
  })

  it('says so where no shell can be started', async () => {
    const host = localHost({ name: 'localhost', env: process.env, home: '/no/such/home' })
    await expect(host.run('true', limit)).rejects.toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining('/no/such/home'),
    })
    await host.close()
  })
})
