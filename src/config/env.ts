import { type KeyPath, kindOf, type Problem } from './problem.ts'

/** The `env` of a block, with names upper-cased as pm2 deploy does. Values stay as they are: they are quoted later. */
export function environmentVariables(
  written: Readonly<Record<string, unknown>>,
  { path, problems }: { readonly path: KeyPath; readonly problems: Problem[] },
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {}
  for (const [key, value] of Object.entries(written)) {
    const name = key.toUpperCase()
    const refuse = (text: string) => problems.push({ path: [...path, key], text })
    if (!/^[A-Z_]\w*$/.test(name)) refuse('is no name that a shell knows: letters, digits and `_`, no digit first')
    else if (Object.hasOwn(variables, name))
      refuse(`is written twice: pm2 deploy makes it \`${name}\`, so one of them would be lost`)
    else if (typeof value === 'string' && value.includes('\0')) refuse('has a zero byte, which no shell can pass on')
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      variables[name] = String(value)
    else if (value !== undefined) refuse(`must be a text, a number, true or false, not ${kindOf(value)}`)
  }
  return variables
}
