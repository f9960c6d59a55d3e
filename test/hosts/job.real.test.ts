/** A real sshd, whose connection is killed in the middle of a step. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stepHosts } from '../../src/hosts/job.ts'
import { layout } from '../../src/hosts/layout.ts'
import { connect } from '../../src/hosts/ssh.ts'
import { type Sshd, startSshd } from './sshd.ts'

const timeoutMs = 60_000
let sshd: Sshd
beforeAll(async () => {
  sshd = await startSshd()
})
afterAll(() => sshd.stop())

test('a step goes on while its connection is killed, twice, and ends as if nothing had happened', async () => {
  const base = mkdtempSync(join(tmpdir(), 'zdr-job-'))
  const places = layout(base)
  mkdirSync(places.zdr)
  writeFileSync(places.lock, '{"token":"ada"}\n')
  const host = await connect(sshd.target())
  const told: string[] = []
  const gate = (name: string): string => join(base, name)
  const wait = (name: string): string => `until [ -e ${gate(name)} ]; do sleep 0.05; done`
  const script = `echo ran >> ${gate('ran')}; echo one; ${wait('first')}; echo two >&2; ${wait('second')}; echo three; exit 4`
  const running = stepHosts(host, places)('ada').run(script, { timeoutMs, onLine: (line) => told.push(line) })
  await expect.poll(() => told, { timeout: 20_000 }).toEqual(['one'])
  sshd.stopSessions()
  writeFileSync(gate('first'), '')
  await expect.poll(() => told, { timeout: 20_000 }).toEqual(['one', 'two'])
  sshd.stopSessions()
  writeFileSync(gate('second'), '')
  expect(await running).toMatchObject({ code: 4, timedOut: false, stdout: 'one\nthree\n', stderr: 'two\n' })
  expect(told).toEqual(['one', 'two', 'three'])
  expect(readFileSync(gate('ran'), 'utf8')).toBe('ran\n')
  expect(existsSync(gate('ran'))).toBe(true)
  await host.close()
  rmSync(base, { recursive: true, maxRetries: 5 })
})
