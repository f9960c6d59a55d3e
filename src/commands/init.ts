/** `zdr-deploy init`: a block to start from. Writes a file where there is none, and never over one. */
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../errors.ts'
import type { ExitCode } from '../rollout/report.ts'
import type { CommandContext } from './context.ts'
import { originUrl } from './local-git.ts'

/** Where users of pm2 have their configuration, and where ours is looked for. */
const ecosystemFiles = [
  ...['js', 'cjs', 'mjs', 'ts'].map((extension) => `ecosystem.config.${extension}`),
  ...['json', 'json5', 'yml', 'yaml'].map((extension) => `ecosystem.${extension}`),
]
const yamlFiles = ['deploy.yml', 'deploy.yaml']

/** What stands in the templates for the user's own. */
const exampleRepo = 'git@git.example.com:shop.git'

/** May be repeated: the second time it only prints. Rejects with UserError `config` where it may not write. */
export async function run(
  { yaml }: { readonly yaml: boolean },
  { cwd, report }: Pick<CommandContext, 'cwd' | 'report'>,
): Promise<ExitCode> {
  const say = (text: string) => report({ type: 'note', level: 'info', text })
  const template = await readTemplate(yaml ? 'deploy.yml' : 'ecosystem.config.js', cwd)
  const existing = (yaml ? yamlFiles : [...ecosystemFiles, ...yamlFiles]).find((name) => existsSync(join(cwd, name)))
  if (existing !== undefined) {
    const paste = `Paste this under its \`deploy\` key:\n${block(template)}`
    say(`${existing} is here already, and stays as it is. ${paste}${forEditors(existing)}`)
    return 0
  }
  const name = yaml ? 'deploy.yml' : await ecosystemName(cwd)
  await write(join(cwd, name), withoutMarks(template))
  say(`wrote ${name}. Put your hosts into it, then: zdr-deploy production setup`)
  return 0
}

async function readTemplate(name: string, cwd: string): Promise<string> {
  const text = await readFile(new URL(`../../templates/ecosystem/${name}`, import.meta.url), 'utf8')
  const repo = await originUrl(cwd)
  // Only what needs no quotes, in JavaScript and in YAML alike.
  return repo !== null && /^[\w@:/.~+-]+$/.test(repo) ? text.replace(exampleRepo, repo) : text
}

const marks = { from: /^.*<deploy>\n/m, to: /^.*<\/deploy>\n/m }

/** The environment alone, between the template's two marks. */
function block(template: string): string {
  const [, inside = ''] = template.split(marks.from)
  const [text = ''] = inside.split(marks.to)
  return text
}

/** With this an editor knows the keys of that file. */
function forEditors(file: string): string {
  const kind = file.slice(file.lastIndexOf('.') + 1)
  const schema = 'node_modules/zdr-deploy/schema.json'
  if (kind === 'ts') return "For your editor, around what it exports: import { defineConfig } from 'zdr-deploy'"
  if (kind.endsWith('js')) return "For your editor, above what it exports: /** @type {import('zdr-deploy').Config} */"
  return kind.startsWith('json')
    ? `For your editor, first in it: "$schema": "./${schema}",`
    : `For your editor, its first line: # yaml-language-server: $schema=${schema}`
}

function withoutMarks(template: string): string {
  return template.replace(marks.from, '').replace(marks.to, '')
}

/** pm2 loads the file with `require`: under "type": "module" that takes the name .cjs. */
async function ecosystemName(cwd: string): Promise<string> {
  const manifest = await readFile(join(cwd, 'package.json'), 'utf8').catch(() => '')
  return /"type"\s*:\s*"module"/.test(manifest) ? 'ecosystem.config.cjs' : 'ecosystem.config.js'
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (cause) {
    throw new UserError('config', `${file} could not be written.`, { cause, hint: String(cause) })
  }
}
