import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { UserError } from '../errors.ts'

/**
 * What a JS or TS file exports. `import` takes most; jiti takes TypeScript, and what `import` takes for the wrong
 * kind of module (CommonJS in a package of "type": "module", and the other way round). It also knows the line of a
 * syntax error, which `import` keeps to itself.
 */
export async function readModule(file: string, shown: string): Promise<unknown> {
  const restore = quietConsole()
  try {
    const exported = await (/\.[cm]?ts$/.test(file) ? readWithJiti(file) : readWithImport(file))
    if (typeof exported !== 'function') return exported
  } catch (cause) {
    throw new UserError('config', `${placeOf(cause, { file, shown })} ${messageOf(cause)}`, { cause })
  } finally {
    restore()
  }
  throw new UserError('config', `${shown} exports a function`, {
    hint: 'Export the object itself, as pm2 wants it too.',
  })
}

async function readWithImport(file: string): Promise<unknown> {
  try {
    return defaultOf(await import(pathToFileURL(file).href))
  } catch (error) {
    const isWrongKind = error instanceof ReferenceError && error.message.includes('ES module scope')
    if (isWrongKind || (error instanceof Error && error.name === 'SyntaxError')) return readWithJiti(file)
    throw error
  }
}

async function readWithJiti(file: string): Promise<unknown> {
  const { createJiti } = await import('jiti')
  // `npx zdr-deploy` installs nothing beside the file, and its `defineConfig` is this package's all the same.
  const alias = { 'zdr-deploy': fileURLToPath(new URL(`../index${extname(import.meta.url)}`, import.meta.url)) }
  return defaultOf(await createJiti(import.meta.url, { fsCache: false, moduleCache: false, alias }).import(file))
}

function defaultOf(namespace: unknown): unknown {
  return typeof namespace === 'object' && namespace !== null && 'default' in namespace ? namespace.default : namespace
}

/** Some of them talk when they are read (dotenv does). Standard output is ours, one event a line. */
function quietConsole(): () => void {
  const { log, info } = console
  console.log = console.error
  console.info = console.error
  return () => {
    console.log = log
    console.info = info
  }
}

/** `ecosystem.config.js:3:5`, out of jiti's message or the topmost line of the stack that is in the file. */
function placeOf(error: unknown, { file, shown }: { readonly file: string; readonly shown: string }): string {
  const text = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : ''
  const at = text.indexOf(`${file}:`)
  const place = at < 0 ? null : /^:\d+(?::\d+)?/.exec(text.slice(at + file.length))
  return `${shown}${place?.[0] ?? ''}`
}

function messageOf(error: unknown): string {
  const message =
    error instanceof Error ? `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}` : String(error)
  return (message.split('\n')[0] ?? '').trim()
}
