import { describe, expect, test } from 'vitest'
import { handBack } from '../../src/commands/hand-back.ts'
import { newcomersOf } from '../../src/commands/newcomers.ts'
import { apartFinding } from '../../src/commands/take-over.ts'
import { unnamedFinding } from '../../src/commands/unnamed-files.ts'
import type { FleetLock } from '../../src/engine/lock.ts'
import type { Entry } from '../../src/hosts/source.ts'
import { fleet, manifest, view } from '../engine/fakes.ts'
import { environment } from './environment.ts'

const [v1, v2] = ['20261101000000-1111111', '20261102000000-2222222']

describe('files that no release would have', () => {
  const found = (host: string, untracked: readonly Entry[]) => ({
    view: view({ host }),
    source: { sha: '', id: v1, untracked, changed: [], hindrances: [] },
  })
  const files = (...paths: readonly string[]): readonly Entry[] => paths.map((path) => ({ path, kib: 4 }))

  test('are told once for hosts that have the same, with their sizes and the lines to paste', () => {
    const untracked = [
      { path: 'uploads/', kib: 1_300_000 },
      { path: '.env', kib: 4 },
      { path: 'dist/', kib: 5_200 },
      { path: "it's.db", kib: null },
    ]
    const findings = unnamedFinding(
      [found('web-1', untracked), found('web-2', [...untracked]), found('web-3', files('.env'))],
      environment({ shared: ['config/master.key'] }),
    )
    expect(findings.map(({ host }) => host)).toEqual(['web-1, web-2', 'web-3'])
    expect(findings[0]?.text).toMatch(
      /\n {2}\.env {6}4 KiB\n {2}dist\/ {5}5\.1 MiB\n {2}it's\.db\n {2}uploads\/ {2}1\.2 GiB$/,
    )
    expect(findings[0]?.hint).toContain(
      "\n  shared: ['config/master.key', '.env', 'it\\'s.db', 'uploads/'],\n  ignore: ['dist/'],",
    )
  })

  test('are told by their folder where there are many of it', () => {
    const many = Array.from({ length: 1000 }, (_, index) => `public/media/${index}.png`)
    const [finding] = unnamedFinding([found('web-1', files(...many, 'public/robots.txt'))], environment())
    expect(finding?.text.split('\n').slice(1)).toEqual(['  public/media/      3.9 MiB', '  public/robots.txt  4 KiB'])
  })

  test('are no matter once each is named', () => {
    const named = environment({ shared: ['.env', 'uploads/'], ignore: ['dist/'] })
    expect(unnamedFinding([found('web-1', files('.env', 'uploads/a.png', 'dist/'))], named)).toEqual([])
  })
})

test('that hosts were left on different commits is said, with who is where', () => {
  const found = (host: string, sha: string) => ({
    view: view({ host }),
    source: { sha, id: v1, untracked: [], changed: [], hindrances: [] },
  })
  const one = '1'.repeat(40)
  const [finding] = apartFinding([found('web-1', one), found('web-2', '2'.repeat(40)), found('web-3', one)])
  expect(finding?.text).toMatch(/: 1111111 on web-1, web-3; 2222222 on web-2$/)
  expect(apartFinding([found('web-1', one), found('web-3', one)])).toEqual([])
})

describe('a host is new', () => {
  const old = view({ host: 'old', runs: v1 })

  test('where it has nothing to serve, and others have', () => {
    expect(
      newcomersOf([old, view({ host: 'new' }), view({ host: 'failed', current: { kind: 'release', id: v1 } })]),
    ).toEqual(['new'])
  })
  test('and none is where none serves, or where something of another tool is well', () => {
    expect(newcomersOf([view({ host: 'a' }), view({ host: 'b' })])).toEqual([])
    expect(newcomersOf([old, { ...view({ host: 'b' }), healthy: true }])).toEqual([])
  })
})

describe('handing back is refused, before anything is changed,', () => {
  const taken = manifest(v1, { takenOver: true })
  const both = { releases: [v1, v2], manifests: [taken, manifest(v2)] }
  const lock = {} as FleetLock

  test.each([
    [
      'where a release of ours runs',
      view({ host: 'b', runs: v2, ...both }),
      `b: runs ${v2}, and not what is in`,
      `rollback ${v1}`,
    ],
    [
      'where it is not well',
      { ...view({ host: 'b', runs: v1, ...both }), runs: null },
      'b: is not seen to run',
      `rollback ${v1}`,
    ],
    [
      'where a host was never taken over',
      view({ host: 'b', runs: v2, releases: [v2] }),
      'take it out of `host` first',
      `rollback ${v1}`,
    ],
  ])('%s', async (_, other, said, hint) => {
    const views = [view({ host: 'a', runs: v1, ...both }), other]
    await expect(
      handBack({ config: environment(), fleet: fleet({ machines: [] }), lock, views }),
    ).rejects.toMatchObject({
      code: 'preflight',
      message: expect.stringContaining(said),
      hint: expect.stringContaining(hint),
    })
  })

  test('where nothing was taken over at all, or all was handed back', async () => {
    const back = view({ host: 'a', current: { kind: 'other', path: '/var/www/shop/source' } })
    const done = handBack({ config: environment(), fleet: fleet({ machines: [] }), lock, views: [back] })
    await expect(done).rejects.toMatchObject({ message: expect.stringContaining('Nothing of `pm2 deploy`') })
  })
})
