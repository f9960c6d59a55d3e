/**
 * Files as people write them, through load, split and plan: what becomes of each, to read. `PLANS=write` writes anew what
 * becomes of them now.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'
import { afterEach, expect, test, vi } from 'vitest'
import { plan } from '../../src/commands/plan.ts'
import { loadEnvironment } from '../../src/config/load.ts'
import { readConfig } from '../../src/config/read.ts'
import { isObject } from '../../src/config/section.ts'
import { deploySection } from '../../src/config/source.ts'
import type { EnvironmentConfig, HostConfig } from '../../src/config/types.ts'
import { UserError } from '../../src/errors.ts'
import { plainPaint } from '../../src/output/paint.ts'
import { planLines } from '../../src/output/plan.ts'
import { context } from '../commands/environment.ts'
import { imagined } from '../engine/imagined.ts'
import { ecosystemFiles, filesFolder as files, variables, writtenTexts } from './ecosystem-files.ts'

const plans = join(import.meta.dirname, 'ecosystem-plans')
const filesMin = 40

const names = ecosystemFiles()

afterEach(() => {
  vi.unstubAllEnvs()
})

test('there are many of them, and no plan of one that is gone', () => {
  expect(names.length).toBeGreaterThanOrEqual(filesMin)
  expect(readdirSync(plans).sort()).toEqual(names.map(planName).sort())
})

test.each(names)('%s', async (name) => {
  for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value)
  const told = `${(await tell(name)).join('\n')}\n`
  const golden = join(plans, planName(name))
  if (env.PLANS === 'write') writeFileSync(golden, told)
  else expect(told).toBe(existsSync(golden) ? readFileSync(golden, 'utf8') : '')
})

function planName(name: string): string {
  return `${name.replaceAll('/', '-')}.txt`
}

async function tell(file: string): Promise<readonly string[]> {
  const written = [...(await why(file)), '']
  try {
    const config = await loadEnvironment({ cwd: files, file, environment: 'production' })
    return [...written, ...loaded(config), '', ...(await planned(config))]
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return [...written, 'refused', ...error.message.split('\n').map((line) => `  ${line}`)]
  }
}

/** What the file is here for, and its post-deploy as pm2 deploy reads it. */
async function why(file: string): Promise<readonly string[]> {
  const source = await readConfig(join(files, file), files)
  const [, comment = ''] = /^\s*(?:\/\/|#) (.*)/.exec(source.text) ?? []
  const block = deploySection(source)?.production
  const texts = isObject(block) ? writtenTexts(block) : []
  return [comment, ...texts.map((text) => `> ${text.replaceAll('\n', '\n> ')}`)].filter((line) => line !== '')
}

/** The parts that matter here, and of those what is not empty. */
function loaded({ hosts, ref, path, split, hooks, env: exported, warnings }: EnvironmentConfig): readonly string[] {
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['hosts', hosts.map(hostText)],
    ['ref', [ref]],
    ['path', [path]],
    ['env', Object.entries(exported).map(([key, value]) => `${key}=${value}`)],
    ...Object.entries(hooks),
    ['processes', [split.manager]],
    ['warning', warnings],
  ]
  return lines.flatMap(([key, values]) => values.map((value) => `${key.padEnd(14)}  ${value}`))
}

function hostText({ user, address, port, server }: HostConfig): string {
  return `${user}@${address}${port === undefined ? '' : `:${port}`}${server === null ? '' : `, server ${server}`}`
}

/** What `plan` prints of an imagined fleet, without its disks, and without the line whose release is another one each time. */
async function planned(config: EnvironmentConfig): Promise<readonly string[]> {
  const { fleet } = imagined(config.hosts.map(({ name }) => name))
  const given = context()
  const wishes = {
    skip: [],
    allowSkipped: false,
    pauseAfter: null,
    migrate: null,
    waitMs: 0,
    allowDowntime: true,
    fresh: false,
  }
  const goal = { kind: 'ref', ref: 'main' } as const
  await plan(
    { verb: 'plan', environment: 'production', configFile: null, goal, ...wishes },
    { config, context: given, open: { fleet: { ...fleet, report: given.report }, findings: [] }, uploads: [] },
  )
  return given.reports.flatMap((report) =>
    report.type === 'plan' ? planLines({ ...report, room: [] }, plainPaint).slice(1) : [],
  )
}
