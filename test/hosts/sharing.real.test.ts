/** An upload over a real sshd: who else is on the host, and what is left there, does not tell what is in it. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { layout } from '../../src/hosts/layout.ts'
import { exports } from '../../src/hosts/shell.ts'
import { shellDepot } from '../../src/hosts/shell-depot.ts'
import { connect } from '../../src/hosts/ssh.ts'
import { within } from '../../src/hosts/within.ts'
import { type Sshd, startSshd } from './sshd.ts'

const id = '20261121031500-aaaaaaa'
const secret = 'PASSWORD=swordfish'

let sshd: Sshd
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

test('what is uploaded is on no command line, in no line of output, and in no file but its own', async () => {
  const at = layout(join(sshd.folder, 'shop'))
  const seen = join(sshd.folder, 'seen')
  const host = await connect(sshd.target())
  const path = `${spying(seen)}:${process.env.PATH}`
  const depot = shellDepot(within(host, exports({ PATH: path })), at)
  await depot.setUp()
  execFileSync('git', ['init', '--quiet', join(at.releases, id)])
  const lock = await depot.lock(
    { token: 'ada', by: 'ada@laptop', pid: 7, since: '2026-11-21T03:15:00Z', command: 'deploy' },
    { isAgain: false },
  )
  await depot
    .guarded('ada')
    .depot.share(id, { paths: ['.env'], uploads: [{ to: '.env', content: Buffer.from(secret) }] })
  await lock.letGo()
  await host.close()
  const told = [secret, Buffer.from(secret).toString('base64')]
  for (const each of told) expect(readFileSync(seen, 'utf8')).not.toContain(each)
  expect(readFileSync(seen, 'utf8')).toContain('sshd')
  const holding = execFileSync('sh', ['-c', `grep -rlF -e '${told[0]}' -e '${told[1]}' '${at.base}'`], {
    encoding: 'utf8',
  })
  expect(holding.trim().split('\n').toSorted()).toEqual([join(at.releases, id, '.env')])
})

/** A folder for PATH, whose `base64` first writes down every command line of the machine. */
function spying(seen: string): string {
  const folder = join(sshd.folder, 'bin')
  mkdirSync(folder)
  const real = execFileSync('sh', ['-c', 'command -v base64'], { encoding: 'utf8' }).trim()
  writeFileSync(
    join(folder, 'base64'),
    `#!/bin/sh\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' >> '${seen}'\nexec ${real} "$@"\n`,
  )
  chmodSync(join(folder, 'base64'), 0o755)
  return folder
}
