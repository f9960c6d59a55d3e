/** Real flock and real signals: two deploys of which one has taken the lock over. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'vitest'
import { UserError } from '../../src/errors.ts'
import { endStepScript } from '../../src/hosts/fence.ts'
import type { Host } from '../../src/hosts/host.ts'
import { isNotBegun, stepHosts } from '../../src/hosts/job.ts'
import { jobScript } from '../../src/hosts/job-script.ts'
import { hearing, isAlive, startOf, stepGround } from './step-ground.ts'

const timeoutMs = 60_000

function ground(onTestFinished: TestContext['onTestFinished']) {
  const on = stepGround(onTestFinished)
  on.own('ada')
  return { ...on, ada: on.stepsOf('ada'), bob: on.stepsOf('bob') }
}

/** A process that leads a group of its own, and that nobody here waits for. */
async function stranger(onTestFinished: TestContext['onTestFinished']): Promise<number> {
  const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
  await once(child, 'spawn')
  onTestFinished(() => void child.kill('SIGKILL'))
  return child.pid ?? 0
}

test.concurrent('whoever has taken the lock over ends the step under way, then does its own', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, bob, own, file, lines, kept } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const script = `trap '' TERM; (trap '' TERM; sleep 300 & echo $! >> ${file('pids')}; wait) & echo $$ >> ${file('pids')}; echo begun; wait; wait; echo changed > ${file('changed')}`
  const old = ada.run(script, { timeoutMs, onLine })
  const refused = expect(old).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('ended the step under way'),
  })
  await heard
  own('bob')
  expect(await bob.run(`cat ${file('pids')}`, { timeoutMs })).toMatchObject({ code: 0 })
  await refused
  await expect.poll(() => lines('pids').map(Number).filter(isAlive)).toEqual([])
  expect(existsSync(file('changed'))).toBe(false)
  await bob.run('true', { timeoutMs })
  await expect.poll(() => kept('ada').size).toBe(0)
  await expect(ada.run('true', { timeoutMs })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining('another deploy has taken over the lock'),
  })
})

test.concurrent('what a step has started in groups of their own is ended with it, whatever its name is; what has a session of its own stays', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, line, layout, file, lines } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const say = (name: string) => `sh -c 'trap "" TERM; echo $$ >> ${file(name)}; while :; do sleep 1; done'`
  const named = `ln -s "$(command -v timeout)" ${file("'a) S 1 2 ('")}; ${file("'a) S 1 2 ('")} 300`
  const script = `setsid ${say('stays')} & timeout 300 ${say('pids')} & (${named} ${say('pids')}) & until [ -s ${file('stays')} ] && [ "$(wc -l < ${file('pids')})" = 2 ]; do sleep 0.05; done; echo begun; wait`
  const running = ada.run(script, { timeoutMs, onLine })
  await heard
  const [stays = 0] = lines('stays').map(Number)
  onTestFinished(() => void process.kill(stays, 'SIGKILL'))
  expect(lines('pids').map(Number).filter(isAlive)).toHaveLength(2)
  await line.host.run(endStepScript(layout, 'ada'), { timeoutMs })
  expect(lines('pids').map(Number).filter(isAlive)).toEqual([])
  expect(isAlive(stays)).toBe(true)
  expect(await running).toMatchObject({ code: 143 })
})

test.concurrent('a deploy that waits behind its own step is refused when the lock goes to another meanwhile', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, own, file, gate, openGate } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const first = ada.run(`echo begun; ${gate}`, { timeoutMs, onLine })
  await heard
  const second = expect(ada.run(`: > ${file('changed')}`, { timeoutMs })).rejects.toMatchObject({ code: 'locked' })
  own('bob')
  await second
  openGate()
  await first
  expect(existsSync(file('changed'))).toBe(false)
})

test.concurrent('a step that had passed its check when the lock was taken away does not begin', async ({
  expect,
  onTestFinished,
}) => {
  const { line, layout, file } = ground(onTestFinished)
  // Between its guardian's look and its own first command.
  const unlock = `case $2 in *.script) rm ${layout.lock}; sh ${file('unlock')} ;; esac`
  writeFileSync(file('unlock'), endStepScript(layout, 'ada'))
  writeFileSync(file('setsid'), `#!/bin/sh\n${unlock}\nexec "$(PATH=\${PATH#*:} command -v setsid)" "$@"\n`, {
    mode: 0o755,
  })
  const run: Host['run'] = (script, options) => line.host.run(`PATH=${file('')}:$PATH\n${script}`, options)
  const steps = stepHosts({ ...line.host, run }, layout)('ada')
  const failed: unknown = await steps.run(`: > ${file('changed')}`, { timeoutMs }).catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'locked' })
  expect(isNotBegun(failed)).toBe(true)
  expect(existsSync(file('changed'))).toBe(false)
})

test.concurrent('a step that waits too long behind one of the same deploy is refused, and not begun', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, line, layout, file, gate, openGate } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const first = ada.run(`echo begun; ${gate}`, { timeoutMs, onLine })
  await heard
  const job = { id: 'second', token: 'ada', script: `: > ${file('changed')}`, timeoutMs, sinceMs: 0 }
  const script = jobScript(layout, { ...job, waitMs: 1_000, isLasting: false, abandoned: [], known: [] })
  expect((await line.host.run(script, { timeoutMs })).stderr).toMatch(/ busy\n$/)
  openGate()
  expect(await first).toMatchObject({ code: 0 })
  expect(existsSync(file('changed'))).toBe(false)
})

test.concurrent('a step that was given up is ended by the next one of its deploy, and that one alone', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, line, file, lines } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const given = ada.run(`echo $$ > ${file('pids')}; echo begun; sleep 300`, { timeoutMs, onLine })
  const givenUp = expect(given).rejects.toMatchObject({ code: 'host-key' })
  await heard
  line.cut(new UserError('host-key', 'another key'))
  await givenUp
  line.mend()
  expect(await ada.run('echo next', { timeoutMs })).toMatchObject({ code: 0, stdout: 'next\n' })
  expect(lines('pids').map(Number).filter(isAlive)).toEqual([])
})

test.concurrent('a step that was given up before it began never begins', async ({ expect, onTestFinished }) => {
  const { line, layout, file } = ground(onTestFinished)
  const job = { token: 'ada', timeoutMs, waitMs: 1_000, sinceMs: 0, isLasting: false, known: [] }
  const run = (id: string, abandoned: readonly string[]) =>
    line.host.run(jobScript(layout, { ...job, id, abandoned, script: `: > ${file(id)}` }), { timeoutMs })
  expect(await run('next', ['late'])).toMatchObject({ code: 0 })
  expect((await run('late', [])).stderr).toMatch(/ gone\n$/)
  expect([existsSync(file('next')), existsSync(file('late'))]).toEqual([true, false])
})

test.concurrent('a step that only its own time limit ends is waited for by whoever has taken the lock over', async ({
  expect,
  onTestFinished,
}) => {
  const { stepsOf, line, layout, bob, own, file, gate, openGate } = ground(onTestFinished)
  const { onLine, heard } = hearing('begun')
  const script = `echo begun; ${gate}; : > ${file('whole')}`
  const lasting = stepsOf('ada', { isLasting: true }).run(script, { timeoutMs, onLine })
  await heard
  own('bob')
  const job = { id: 'second', token: 'bob', script: `: > ${file('changed')}`, timeoutMs, sinceMs: 0, waitMs: 1_000 }
  const impatient = jobScript(layout, { ...job, isLasting: false, known: [], abandoned: [] })
  expect((await line.host.run(impatient, { timeoutMs })).stderr).toMatch(/ foreign\n$/)
  const next = bob.run(`[ -e ${file('whole')} ]`, { timeoutMs })
  openGate()
  expect(await Promise.all([lasting, next])).toMatchObject([{ code: 0 }, { code: 0 }])
  expect(existsSync(file('changed'))).toBe(false)
})

test.concurrent('and though its guardian was killed', async ({ expect, onTestFinished }) => {
  const { stepsOf, bob, own, file, gate, openGate } = ground(onTestFinished)
  const script = `kill -s KILL $PPID; ${gate}; : > ${file('whole')}`
  const lasting = stepsOf('ada', { isLasting: true }).run(script, { timeoutMs })
  await expect(lasting).rejects.toMatchObject({ code: 'host-unreachable' })
  own('bob')
  const next = bob.run(`[ -e ${file('whole')} ]`, { timeoutMs })
  openGate()
  expect(await next).toMatchObject({ code: 0 })
})

test.concurrent('a step whose guardian was killed is ended by the next one, whoever begins it', async ({
  expect,
  onTestFinished,
}) => {
  const { ada, file, lines } = ground(onTestFinished)
  await expect(
    ada.run(`echo $$ > ${file('pids')}; kill -s KILL $PPID; sleep 300`, { timeoutMs }),
  ).rejects.toMatchObject({ code: 'host-unreachable' })
  const [pid] = lines('pids').map(Number)
  expect(isAlive(pid ?? 0)).toBe(true)
  expect(await ada.run('true', { timeoutMs })).toMatchObject({ code: 0 })
  expect(isAlive(pid ?? 0)).toBe(false)
})

test.concurrent('a process that has got the number of an old step is left alone; only the step itself is ended', async ({
  expect,
  onTestFinished,
}) => {
  const { bob, own, layout } = ground(onTestFinished)
  own('bob')
  const pid = await stranger(onTestFinished)
  writeFileSync(`${layout.lock}.step`, `${pid} ${Number(startOf(pid)) - 1} ada\n`)
  await bob.run('true', { timeoutMs })
  expect(isAlive(pid)).toBe(true)
  writeFileSync(`${layout.lock}.step`, `${pid} ${startOf(pid)} ada\n`)
  await bob.run('true', { timeoutMs })
  expect(isAlive(pid)).toBe(false)
})

test.concurrent('where our folder is gone, nothing is made and nothing is done', async ({ expect, onTestFinished }) => {
  const { ada, layout, line } = ground(onTestFinished)
  await line.host.run(`rm -r ${layout.zdr}`, { timeoutMs })
  await expect(ada.run('true', { timeoutMs })).rejects.toMatchObject({ code: 'locked' })
  expect(existsSync(layout.zdr)).toBe(false)
})
