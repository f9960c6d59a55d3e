/** `zdr-deploy init`: asks what nobody can guess, and writes a configuration. Never over a file: then it says what to paste. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkEnvironment } from '../config/check.ts'
import { isObject } from '../config/section.ts'
import { deploySection, type Source } from '../config/source.ts'
import { UserError } from '../errors.ts'
import { prompt } from '../output/prompt.ts'
import type { ExitCode } from '../rollout/report.ts'
import type { CommandContext } from './context.ts'
import { asker } from './init/asker.ts'
import { blockParts, feltText, isFeltByUsers } from './init/block.ts'
import { checkFile } from './init/check.ts'
import { editorHint } from './init/editors.ts'
import { ecosystemFile, yamlFile } from './init/file.ts'
import type { InitFlags } from './init/flags.ts'
import { askNginx, serverOn, upstreamsText } from './init/nginx.ts'
import { languageOf, pasteText, takesSection } from './init/paste.ts'
import { type AllAnswers, askAll } from './init/questions.ts'
import { lookAround, type Surroundings } from './init/surroundings.ts'
import { usage } from './usage.ts'

type Context = Pick<CommandContext, 'cwd' | 'env' | 'report' | 'isTerminal'>

interface Wish {
  readonly yaml: boolean
  readonly flags: InitFlags
}

/** Where the answers go: into a new file, or onto the screen for one that is there. */
type Target =
  | { readonly kind: 'write'; readonly name: string; readonly pm2File: string | null; readonly asksScript: boolean }
  | { readonly kind: 'paste'; readonly source: Source; readonly environment: string | null; readonly pm2File: string }

/** May be repeated: the second time it only prints. Rejects with UserError where it may not write, or nobody says what. */
export async function run({ yaml, flags }: Wish, context: Context): Promise<ExitCode> {
  const around = await lookAround(context.cwd)
  const target = targetOf(around, yaml)
  const existing = blockOf(target)
  refuseGiven(flags, { target, existing })
  const answers = await ask(flags, { around, target, existing, context })
  if (target.kind === 'write') await write(target, { answers, around, context })
  else await print(target, { answers, existing, context })
  const { isTerminal, report } = context
  if (!isTerminal && isFeltByUsers(answers, existing)) report({ type: 'note', level: 'info', text: feltText })
  return 0
}

function targetOf({ source, hasDeploy, hasYaml, isModule, cwd }: Surroundings, yaml: boolean): Target {
  if (source === null || (yaml && !hasDeploy)) {
    if (hasYaml)
      throw new UserError('config', `The deploy.yml in ${cwd} has no \`deploy\` section.`, {
        hint: 'Remove it, or rename it: another one is written then.',
      })
    if (yaml) return { kind: 'write', name: 'deploy.yml', pm2File: source?.shown ?? null, asksScript: false }
    // pm2 loads the file with `require`: under "type": "module" that takes the name .cjs.
    const name = isModule ? 'ecosystem.config.cjs' : 'ecosystem.config.js'
    return { kind: 'write', name, pm2File: name, asksScript: true }
  }
  if (!takesSection(source))
    throw new UserError('config', `${source.shown} is a list of apps, which has no room for a \`deploy\` section.`, {
      hint: 'Write `{ apps: […] }` there, or have a file beside it: `zdr-deploy init --yaml`.',
    })
  const names = Object.keys(deploySection(source) ?? {})
  const environment = names.includes('production') ? 'production' : (names[0] ?? null)
  return { kind: 'paste', source, environment, pm2File: source.shown }
}

/** What stands there already; empty where nothing does. */
function blockOf(target: Target): Readonly<Record<string, unknown>> {
  if (target.kind === 'write' || target.environment === null) return {}
  const block = deploySection(target.source)?.[target.environment]
  return isObject(block) ? block : {}
}

interface Given {
  readonly target: Target
  readonly existing: Readonly<Record<string, unknown>>
}

/** An option that would be passed over in silence is refused. */
function refuseGiven(flags: InitFlags, { target, existing }: Given): void {
  const keyOf = (flag: string): string => (flag === 'upstream' ? 'balancer' : flag)
  const file = target.kind === 'write' ? target.name : target.source.shown
  const there = Object.keys(flags).find((flag) => Object.hasOwn(existing, keyOf(flag)))
  if (there !== undefined) throw usage(`--${there}: ${file} has \`${keyOf(there)}\` already.`, 'Change it there.')
  if (flags.script !== undefined && !asksScript(target))
    throw usage('--script goes with a new ecosystem file only.', 'What pm2 starts is said in the one that is there.')
}

function asksScript(target: Target): boolean {
  return target.kind === 'write' && target.asksScript
}

interface Asked extends Given {
  readonly around: Surroundings
  readonly context: Context
}

async function ask(flags: InitFlags, { around, target, existing, context }: Asked): Promise<AllAnswers> {
  const { isTerminal, report } = context
  const say = (text: string): void => report({ type: 'note', level: 'info', text })
  const asking = asker(flags, isTerminal ? { prompt, say } : null)
  if (isTerminal) say(introduction(target))
  const isWhole = target.kind === 'write' || target.environment === null
  const answers = await askAll({
    around,
    ask: asking.ask,
    // Where a block is there, only what is ours is added to it, and what no deploy can do without.
    has: (key) => Object.hasOwn(existing, key) || (!isWhole && isExtra(key, flags)),
    pm2File: target.pm2File,
    asksScript: asksScript(target),
    isGiven: (flag) => flags[flag] !== undefined,
    isTerminal,
    askNginx: async (address, user) => {
      const block = { ...existing, ...(user === '' ? {} : { user }) }
      try {
        const upstreams = await askNginx({ address, block, cwd: context.cwd }, context)
        say(`nginx on ${address} has ${upstreams.length === 0 ? 'no upstream' : upstreamsText(upstreams)}`)
        return upstreams
      } catch (error) {
        if (!isTerminal || !(error instanceof UserError)) throw error
        const hint = error.hint === undefined ? '' : `\n${error.hint}`
        report({ type: 'note', level: 'warning', text: `${error.message}${hint}` })
        return []
      }
    },
  })
  asking.refuseMissing()
  return answers
}

/** What a block of pm2 deploy may well go without. */
function isExtra(key: string, flags: InitFlags): boolean {
  return (key === 'user' || key === 'post-deploy') && flags[key] === undefined
}

function introduction(target: Target): string {
  const purpose =
    target.kind === 'write'
      ? `This writes ${target.name}.`
      : `${target.source.shown} is here, and stays as it is: this tells you what to add.`
  return `${purpose} Enter takes what stands in brackets; Ctrl-C leaves, and nothing is written.`
}

interface Answered {
  readonly answers: AllAnswers
  readonly context: Context
}

async function write(
  { name }: Extract<Target, { kind: 'write' }>,
  { answers, around, context: { cwd, report } }: Answered & { readonly around: Surroundings },
): Promise<void> {
  const text = languageOf(name) === 'yaml' ? yamlFile(answers) : ecosystemFile(answers, around)
  await checkFile(name, text)
  try {
    await writeFile(join(cwd, name), text, { flag: 'wx' })
  } catch (cause) {
    throw new UserError('config', `${join(cwd, name)} could not be written.`, { cause, hint: String(cause) })
  }
  const commit = languageOf(name) === 'yaml' ? '' : ' Commit and push it: pm2 reads it in the release.'
  const then = 'Then `zdr-deploy production setup`, once, and `zdr-deploy production plan`.'
  report({ type: 'note', level: 'info', text: `wrote ${name}.${commit} ${then}` })
}

async function print(
  { source, environment }: Extract<Target, { kind: 'paste' }>,
  { answers, existing, context: { cwd, report } }: Answered & Pick<Given, 'existing'>,
): Promise<void> {
  const parts = blockParts(answers)
  const name = environment ?? 'production'
  const { where, text } = pasteText(source, parts, environment)
  const say = (words: string): void => report({ type: 'note', level: 'info', text: words })
  if (parts.length === 0) say(`${source.shown} needs nothing more: \`zdr-deploy ${name} plan\``)
  else say(`${source.shown} stays as it is. Add this ${where}:\n${text.trimEnd()}`)
  for (const line of serverLines(existing.host, answers)) say(line)
  const hint = editorHint(source)
  if (hint !== null) say(hint)
  const added = Object.assign({}, ...parts.map(({ entries }) => entries)) as Readonly<Record<string, unknown>>
  const deploy = { ...deploySection(source), [name]: { ...existing, ...added } }
  const data = { ...(isObject(source.data) ? source.data : {}), deploy }
  try {
    await checkEnvironment({ ...source, data }, { cwd, environment: name })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    report({ type: 'note', level: 'warning', text: `what is there has to be mended too:\n${error.message}` })
  }
}

/** Hosts that are there already, and that nginx knows by another address than ours. */
function serverLines(host: unknown, { servers }: AllAnswers): readonly string[] {
  const hosts = (Array.isArray(host) ? host : [host]).filter((item) => typeof item === 'string')
  const unknown = servers.length === 0 ? [] : hosts.filter((item) => serverOn(item, servers) === null)
  return unknown.map(
    (item) =>
      `nginx does not know ${item} by that address. Write how it does: { host: '${item}', server: '<one of ${servers.join(', ')}>' }`,
  )
}
