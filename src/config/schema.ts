/** What each key may hold, and what becomes of it. The only file that imports zod; it is itself imported on demand. */
import { z } from 'zod'
import type { Limits } from '../hosts/limits.ts'
import { parseAddress, parsePort, parseServer } from './addresses.ts'
import { type BatchPattern, parseBatches, parseSize } from './batch.ts'
import { parseDuration } from './duration.ts'
import { parseHealthUrl } from './health.ts'
import { invalid, kindOf, type Parsed, valid } from './problem.ts'
import { parseSharedPath } from './shared.ts'
import { parseSshOptions } from './ssh-options.ts'
import { parseLimit } from './timeouts.ts'

/** One of our parsers, as a step of a schema. */
function into<Raw, Value>(parse: (raw: Raw) => Parsed<Value>) {
  return (raw: Raw, context: z.RefinementCtx): Value => {
    const parsed = parse(raw)
    if (parsed.ok) return parsed.value
    context.addIssue({ code: 'custom', message: parsed.problem })
    return z.NEVER
  }
}

function by<Value>(parse: (raw: unknown) => Parsed<Value>) {
  return z.unknown().transform(into(parse))
}

/** One, or a list of them: always a list afterwards. */
function listOf<Schema extends z.ZodType>(item: Schema) {
  return z.preprocess((raw) => (Array.isArray(raw) ? raw : [raw]), z.array(item))
}

/** For pm2 deploy null (`pre-setup:` in YAML) is an empty text. */
function orNull<Schema extends z.ZodType>(item: Schema) {
  return z.preprocess((raw) => (raw === null ? '' : raw), item)
}

function oneOf<const Choice extends string>(...choices: readonly Choice[]) {
  const words = choices.filter((choice) => choice !== '').map((choice) => `\`${choice}\``)
  return z.enum(choices, {
    error: ({ input }) =>
      `must be ${words.join(' or ')}, not ${typeof input === 'string' ? `\`${input}\`` : kindOf(input)}`,
  })
}

function count(least: number, what: string) {
  return z
    .int({ error: (issue) => `must be ${what}, a whole number, not ${kindOf(issue.input)}` })
    .min(least, { error: (issue) => `is ${String(issue.input)}: it must be at least ${least}` })
}

/** What `pm2 init` writes for people to replace. */
const placeholders = ['SSH_USERNAME', 'SSH_HOSTMACHINE', 'GIT_REPOSITORY', 'DESTINATION_PATH']

const text = z.string({
  error: ({ input }) => `must be a text, not ${kindOf(input)}${typeof input === 'number' ? ': put it in quotes' : ''}`,
})
const line = text
  .transform((written) => written.trim())
  // A leading `-` would be an option of git or ssh, and a line break the end of a command.
  .refine((written) => !/^-|[\n\r\0]/.test(written), { error: 'must be one line, and not begin with `-`' })
  .refine((written) => !placeholders.includes(written), {
    error: 'is still the placeholder of the template: write yours',
  })
const needed = line.refine((written) => written !== '', { error: 'is empty: write it' })
/** As for pm2 deploy, an empty text is as good as none, and so is null. */
const optional = orNull(line).transform((written) => (written === '' ? undefined : written))

const commands = listOf(text.transform((written) => written.trim())).transform((texts) =>
  texts.filter((written) => written !== ''),
)
const hook = orNull(commands)
/** As in a shell, an empty command is none. */
const command = text.transform((written) => (written.trim() === '' ? null : written.trim()))
const duration = by(parseDuration)
const someTime = duration.refine((milliseconds) => milliseconds > 0, { error: 'must be longer than nothing' })
const limit = duration.transform(into(parseLimit))
const address = needed.transform(into(parseAddress))
const absolutePath = needed.refine((path) => /^\/[\w./-]+$/.test(path), {
  error: 'must be an absolute path on the nginx machine, of letters, digits, `_`, `.`, `-` and `/`',
})
const port = by((raw) => (raw === '' || raw === null ? valid(undefined) : parsePort(raw)))

const flag = by((raw) => {
  if (typeof raw === 'boolean') return valid(raw)
  if (raw === null) return valid(false)
  if (typeof raw !== 'string') return invalid(`must be true or false, not ${kindOf(raw)}`)
  // pm2 deploy takes every text that is not empty for yes. Nobody who wrote `no` meant that.
  return /^(no|false|off|0)$/i.test(raw.trim())
    ? invalid(`is \`${raw}\`, which pm2 deploy takes for yes: write true or false`)
    : valid(raw.trim() !== '')
})

const environmentVariables = by((raw) => {
  if (raw === null) return valid({})
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return invalid(`must be an object of names and values, not ${kindOf(raw)}`)
  }
  return valid(raw as Readonly<Record<string, unknown>>)
})

export const sharedPath = needed.transform(into(parseSharedPath))

export const hostShape = { host: address, user: optional, port, key: optional, server: by(parseServer) }

export const healthShape = {
  url: by(parseHealthUrl),
  status: listOf(count(100, 'a status').max(599, { error: 'must be a status from 100 to 599' })),
  timeout: someTime,
  passes: count(1, 'a number of answers in a row'),
  interval: someTime,
  stable: duration,
  start: someTime,
}

export const balancerShape = {
  type: oneOf('nginx'),
  on: listOf(address).refine((machines) => machines.length > 0, { error: 'is empty: name the nginx machine' }),
  upstream: needed.refine((name) => /^[a-zA-Z_][\w.-]*$/.test(name), {
    error: 'must be the name of an nginx upstream: letters, digits, `_`, `.` and `-`, with a letter or `_` first',
  }),
  'status-port': by(parsePort),
  config: absolutePath,
  folder: absolutePath,
}

const batch = z.unknown().transform((raw, context): BatchPattern => {
  const parsed = parseBatches(raw)
  if ('sizes' in parsed) return parsed
  for (const { index, text: message } of parsed.problems) {
    context.addIssue({ code: 'custom', message, ...(index === null ? {} : { path: [index] }) })
  }
  return z.NEVER
})

export const rolloutShape = {
  batch,
  'min-serving': by((raw) => parseSize(raw, 0)),
  'on-failure': oneOf('rollback', 'stop'),
  'drain-timeout': duration,
  'on-drain-timeout': oneOf('fail', 'continue'),
  soak: duration,
  'pause-timeout': someTime,
}

export const timeoutsShape = {
  connect: limit,
  fetch: limit,
  prepare: limit,
  migrate: limit,
  reload: limit,
  confirm: limit,
  prune: limit,
  step: limit,
} satisfies Readonly<Record<keyof Limits, z.ZodType>>

/** The keys of pm2 deploy, then ours. `host` and the sections have shapes of their own. */
export function environmentShape(cwd: string) {
  return {
    user: optional,
    key: optional,
    port,
    ssh_options: orNull(listOf(text)).transform(into((lines: readonly string[]) => parseSshOptions(lines, cwd))),
    'forward-agent': flag,
    needs_tty: flag,
    ref: needed,
    repo: needed,
    path: needed
      .transform((path) => path.replace(/(?<=.)\/+$/, ''))
      .refine((path) => /^(\/|~\/)[^/]/.test(path), {
        error:
          'must be absolute, or begin with `~/`, which is the home on the host (pm2 deploy looks at the disk of whoever deploys)',
      }),
    fetch: orNull(oneOf('fast', 'full', '')),
    'pre-setup': hook,
    'post-setup': hook,
    'pre-deploy-local': hook,
    'post-deploy-local': hook,
    'on-failure-local': hook,
    'pre-deploy': hook,
    'post-deploy': hook,
    env: environmentVariables,
    host: z.unknown(),
    health: z.unknown(),
    balancer: z.unknown(),
    rollout: z.unknown(),
    timeouts: z.unknown(),
    shared: listOf(sharedPath),
    upload: z.unknown(),
    ignore: listOf(sharedPath),
    subdir: sharedPath,
    install: commands,
    migrate: command,
    reload: commands,
    'keep-releases': count(2, 'a number of releases'),
  }
}
