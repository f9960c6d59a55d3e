import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { layout } from '../../src/hosts/layout.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { localHost } from '../balancers/local-host.ts'
import { depotContract } from './depot-contract.ts'

depotContract('a depot of shell scripts', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'zdr-depot-')))
  const work = join(root, 'work')
  const places = layout(join(root, 'shop'))
  const hosts: ReturnType<typeof localHost>[] = []
  mkdirSync(work)
  const git = (...words: readonly string[]): string => execFileSync('git', ['-C', work, ...words], { encoding: 'utf8' })
  git('init', '--quiet', '--initial-branch', 'main')
  git('config', 'user.name', 'ada')
  git('config', 'user.email', 'ada@example.org')
  git('config', 'uploadpack.allowAnySHA1InWant', 'true')
  return {
    repo: work,
    releases: places.releases,
    open: () => {
      const host = localHost('web-1')
      hosts.push(host)
      return { depot: shellDepot(host, places), close: () => host.close() }
    },
    push: async (branch) => {
      git('checkout', '--quiet', '-B', branch)
      git('commit', '--quiet', '--allow-empty', '--message', branch)
      return git('rev-parse', 'HEAD').trim()
    },
    tag: async (name, sha) => void git('tag', name, sha),
    close: async () => {
      await Promise.all(hosts.map((host) => host.close()))
      rmSync(root, { recursive: true, force: true, maxRetries: 5 })
    },
  }
})
