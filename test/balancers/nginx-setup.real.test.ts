import { once } from 'node:events'
import { readdir, readFile, stat } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setupNginx } from '../../src/balancers/nginx-setup.ts'
import { parseJournal } from '../../src/balancers/switch-state.ts'
import { localHost } from './local-host.ts'
import { hasNginx, machine, type RealNginx, startNginx, switchedSite } from './real-nginx.ts'

describe.skipIf(!hasNginx)('setup of a real nginx', () => {
  let nginx: RealNginx
  beforeEach(async () => {
    nginx = await startNginx()
  })
  afterEach(() => nginx.stop())

  const upstreams = (): Promise<string> => readFile(join(nginx.folder, 'zdr/shop.upstreams.conf'), 'utf8')
  const makeLive = async (): Promise<void> => {
    await nginx.setup()
    await nginx.writeSite(switchedSite(nginx.folder))
    await nginx.setup()
  }

  it('says which lines the site lacks, and reloads nothing until they are there', async () => {
    const workers = await nginx.workers()
    const report = await nginx.setup()
    expect(report).toMatchObject({ changed: true, live: false, refusals: [], script: null })
    expect(report.missing.map(({ text }) => text)).toEqual([
      `include ${nginx.folder}/zdr/shop.upstreams.conf;`,
      `include ${nginx.folder}/zdr/shop.switch.conf;`,
      'proxy_pass http://$zdr_shop;',
    ])
    expect(report.missing[2]?.where).toContain(`${nginx.folder}/nginx.conf:`)
    expect(await nginx.workers()).toEqual(workers)
    expect(await nginx.switchFile()).toBe('in')
    expect((await nginx.open().preflight()).map(({ hint }) => hint)).toContainEqual(expect.stringContaining('setup'))
  })

  it('is live when the lines are there, and changes nothing when it is run again', async () => {
    await nginx.setup()
    const before = await nginx.workers()
    await nginx.writeSite(switchedSite(nginx.folder))
    expect(await nginx.setup()).toMatchObject({ changed: true, live: true, missing: [], refusals: [] })
    const workers = await nginx.workers()
    expect(before.some((pid) => workers.includes(pid))).toBe(false)
    expect(await nginx.open().preflight()).toEqual([])
    expect(await nginx.setup()).toMatchObject({ changed: false, live: true })
    expect(await nginx.workers()).toEqual(workers)
  })

  it('can begin with a site that names our files before they are there', async () => {
    await nginx.writeSite(switchedSite(nginx.folder))
    expect(await nginx.setup()).toMatchObject({ changed: true, live: true, missing: [] })
  })

  it('changes nothing where the site would break, and says by file and line what', async () => {
    await nginx.writeSite({ http: '', server: 'location / { proxy_pass http://shop/; }' })
    const report = await nginx.setup()
    expect(report).toMatchObject({ changed: false, live: false })
    const line = (await readFile(join(nginx.folder, 'nginx.conf'), 'utf8'))
      .split('\n')
      .findIndex((text) => text.includes('http://shop/'))
    expect(report.refusals).toEqual([
      expect.objectContaining({
        file: join(nginx.folder, 'nginx.conf'),
        line: line + 1,
        text: 'proxy_pass http://shop/;',
      }),
      expect.objectContaining({ hint: expect.stringContaining('proxy_set_header Host') }),
    ])
    expect(await readdir(join(nginx.folder, 'zdr'))).toEqual([])
  })

  it('does not touch a configuration that was broken before', async () => {
    await nginx.writeSite({ http: 'no_such_directive on;', server: '' })
    await expect(nginx.setup()).rejects.toMatchObject({
      code: 'balancer',
      output: expect.stringContaining('no_such_directive'),
    })
    expect(await readdir(join(nginx.folder, 'zdr'))).toEqual([])
  })

  it('puts the former bytes back where nginx does not take the new ones', async () => {
    await makeLive()
    const before = await upstreams()
    const [first, ...others] = nginx.options.members
    const members = [{ name: first?.name ?? '', server: 'no-such-host.invalid:4000' }, ...others]
    await expect(nginx.setup({ members })).rejects.toMatchObject({
      code: 'balancer',
      output: expect.stringContaining('no-such-host.invalid'),
    })
    expect(await upstreams()).toBe(before)
    expect(await nginx.open().preflight()).toEqual([])
  })

  it('leaves new hosts out from the first moment on, as a deploy would, whoever owns the switch', async () => {
    await makeLive()
    const { members } = nginx.options
    const added = { name: 'web-new', server: '127.0.0.1:9' }
    const newcomers = [added.name]
    const isRoot = process.getuid?.() === 0
    const owner = isRoot ? 'nobody' : userInfo().username
    expect(await nginx.setup({ members: [...members, added], newcomers, owner })).toMatchObject({
      changed: true,
      live: true,
    })
    expect(await nginx.switchFile()).toBe('out_127_0_0_1_9')
    const journal = await readFile(join(nginx.switchFolder, 'journal'), 'utf8')
    expect(parseJournal(journal.split('\n'))).toMatchObject({
      from: 'in',
      fromByHand: [],
      out: 'out_127_0_0_1_9',
      byHand: [],
    })
    expect((await stat(join(nginx.switchFolder, 'journal'))).uid).toBe((await stat(nginx.switchFolder)).uid)
    expect((await stat(nginx.switchFolder)).uid === 0).toBe(false)
    expect(await nginx.setup({ members: [...members, added], newcomers })).toMatchObject({ changed: false, live: true })
  })

  it('adds no host while another one is out, and none where there is no pool for it', async () => {
    await makeLive()
    const [first, second] = nginx.options.members
    const file = `out_${first?.server.replaceAll(/\W/g, '_')}`
    await nginx.turnByHand(file)
    await expect(nginx.setup({ newcomers: [second?.name ?? ''] })).rejects.toMatchObject({
      message: expect.stringContaining('somebody else is out already'),
    })
    expect(await nginx.switchFile()).toBe(file)
    const all = nginx.options.members.map(({ name }) => name)
    await expect(nginx.setup({ newcomers: all })).rejects.toMatchObject({ message: expect.stringContaining('no pool') })
  })

  it('sees that nginx never took over a configuration, though its test and its reload said nothing', async () => {
    await makeLive()
    const before = await upstreams()
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port: statusPort } = blocker.address() as AddressInfo
    const newcomers = [nginx.options.members[0]?.name ?? '']
    await expect(nginx.setup({ statusPort, newcomers })).rejects.toMatchObject({
      code: 'balancer',
      message: expect.stringContaining('did not take over'),
    })
    blocker.close()
    expect(await nginx.switchFile()).toBe('in')
    expect(await upstreams()).toBe(before)
    expect(await nginx.open().preflight()).toEqual([])
  }, 30_000)

  it('refuses pools that do not know the host that is out at this moment', async () => {
    await makeLive()
    const [first, ...others] = nginx.options.members
    await nginx.turnByHand(`out_${first?.server.replaceAll(/\W/g, '_')}`)
    await expect(nginx.setup({ members: others, batches: [] })).rejects.toThrow('do not know it')
  })

  it('remembers workers from before the switch, and a deploy waits for them', async () => {
    await nginx.setup()
    const pending = fetch(`${nginx.url}/slow`).then((answer) => answer.text())
    await expect.poll(() => nginx.backends.some(({ waiting }) => waiting.length > 0)).toBe(true)
    await nginx.writeSite(switchedSite(nginx.folder))
    await nginx.setup()
    const findings = await nginx.open().preflight()
    for (const { finishAll } of nginx.backends) finishAll()
    await pending
    expect(findings).toEqual([expect.objectContaining({ text: expect.stringContaining('know no switch') })])
    await expect.poll(() => nginx.open().preflight(), { timeout: 5_000 }).toEqual([])
  })

  it('keeps the former files where no include takes them in', async () => {
    await makeLive()
    const before = await upstreams()
    await nginx.setup({ members: nginx.options.members.slice(1), batches: [] })
    const names = await readdir(join(nginx.folder, 'zdr'))
    expect(names.filter((name) => !name.startsWith('.')).toSorted()).toEqual([
      'shop.switch.conf',
      'shop.upstreams.conf',
    ])
    expect(await readFile(join(nginx.folder, 'zdr/.shop.upstreams.conf.before'), 'utf8')).toBe(before)
  })

  it.skipIf(process.getuid?.() !== 0)(
    'prints a script for whoever has the rights, and sees when it has done its work',
    async () => {
      const nobody = localHost('nginx', '127.0.0.1', { uid: 65_534 })
      const options = { ...nginx.options, owner: 'nobody' }
      const run = async (script: string | null): Promise<string> => {
        const { code, stdout, stderr } = await machine.run('sh -s', { stdin: script ?? '', timeoutMs: 30_000 })
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
        return stdout
      }
      const first = await setupNginx(nobody, options)
      expect(first).toMatchObject({ changed: false, live: false })
      expect(await run(first.script)).toContain(`include ${nginx.folder}/zdr/shop.switch.conf;`)
      await nginx.writeSite(switchedSite(nginx.folder))
      expect(await run(first.script)).toContain('live')
      expect(await setupNginx(nobody, options)).toMatchObject({ changed: false, live: true, script: null })
      const written = await nobody.run(`cd ${nginx.switchFolder} && mv in in2 && mv in2 in && : > journal`, {
        timeoutMs: 5_000,
      })
      expect(written).toMatchObject({ code: 0 })
    },
  )
})
