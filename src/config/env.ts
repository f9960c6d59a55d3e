import { type KeyPath, kindOf, type Problem } from './problem.ts'

/** What pm2 deploy's bare `export` would have the host's shell fill in, most often on purpose. */
const shellVariable =
  /\$(?:HOME|PATH|USER|LOGNAME|HOSTNAME|PWD|SHARED)\b|\$\{(?:HOME|PATH|USER|LOGNAME|HOSTNAME|PWD|SHARED)\}/

/** Values are quoted here: what was meant to be filled in is warned of. The value itself is not shown, for it may be a secret. */
export function valueWarnings(written: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(written).flatMap(([key, value]) => {
    const found = typeof value === 'string' ? shellVariable.exec(value)?.[0] : undefined
    return found === undefined
      ? []
      : [
          `env.${key}: \`${found}\` stays as it is written (pm2 deploy lets the host's shell fill it in): \`export\` it in a command, or write the value`,
        ]
  })
}

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
    else if (name === 'PATH' && typeof value === 'string' && /\$\{?PATH\b/.test(value))
      refuse(
        'has `$PATH`, and values are quoted: no command would be found. Write `export PATH=…:$PATH` as the first command of `post-deploy`, or the whole path',
      )
    else if (typeof value === 'string' && value.includes('\0')) refuse('has a zero byte, which no shell can pass on')
    else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      variables[name] = String(value)
    else if (value !== undefined) refuse(`must be a text, a number, true or false, not ${kindOf(value)}`)
  }
  return variables
}
