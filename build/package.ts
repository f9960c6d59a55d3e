/** `npm run build`, behind the compiler: what the package has for editors. */
import { writeFileSync } from 'node:fs'
import { declaration } from './declaration.ts'
import { jsonSchema } from './json-schema.ts'

const root = new URL('../', import.meta.url)
writeFileSync(new URL('schema.json', root), `${JSON.stringify(jsonSchema(), null, 2)}\n`)
writeFileSync(new URL('dist/index.d.ts', root), declaration())
