import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lookAtNginx } from '../../src/balancers/nginx-look.ts'
import { reportSite } from '../../src/balancers/nginx-setup.ts'
import { hasNginx, machine, type RealNginx, startNginx, switchedSite } from './real-nginx.ts'

const limit = { timeoutMs: 30_000 }

describe.skipIf(!hasNginx)('a look at a real nginx', () => {
  let nginx: RealNginx
  beforeAll(async () => {
    nginx = await startNginx()
  })
  afterAll(() => nginx.stop())

  it('reads version and site from its files, and changes none', async () => {
    const state = () => execFileSync('find', [nginx.folder, '-type', 'f', '-printf', '%p %T@\n'], { encoding: 'utf8' })
    const before = state()
    const seen = await lookAtNginx(machine, { config: nginx.options.nginxConfig, limit })
    expect(state()).toBe(before)
    expect(seen.version).toHaveLength(3)
    expect(reportSite(seen.site, nginx.options).missing).toHaveLength(3)
  })

  it('sees a site that uses the switch as setup sees it', async () => {
    await nginx.setup()
    await nginx.writeSite(switchedSite(nginx.folder))
    const seen = await lookAtNginx(machine, { config: nginx.options.nginxConfig, limit })
    expect(reportSite(seen.site, nginx.options)).toEqual({ missing: [], refusals: [], notes: [] })
  })

  it('says so where the one that is meant does not run', async () => {
    await expect(lookAtNginx(machine, { config: '/nowhere/nginx.conf', limit })).rejects.toThrow('no nginx runs')
  })
})
