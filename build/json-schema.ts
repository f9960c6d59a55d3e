/** The JSON Schema of the whole file: an ecosystem file of pm2 as well as a deploy.yml. */
import { environmentKeys } from '../src/config/keys/environment.ts'
import { sentences } from '../src/config/keys/every.ts'
import type { JsonSchema } from '../src/config/keys/forms.ts'
import type { Key, Section } from '../src/config/keys/key.ts'

/**
 * Takes whatever the reader takes: what stands beside `deploy` is pm2's, and an environment may be half of one, for
 * only the one that is named on the command line is read.
 */
export function jsonSchema(): JsonSchema {
  const environment = section({ name: 'Environment', keys: environmentKeys, needs: [] })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'zdr-deploy',
    description: 'What pm2 runs, and where zdr-deploy rolls it out.',
    type: 'object',
    required: ['deploy'],
    properties: {
      apps: { description: 'What pm2 runs.' },
      deploy: {
        description: 'The environments, by name: `zdr-deploy <name>` rolls one of them.',
        type: 'object',
        additionalProperties: environment,
      },
    },
  }
}

function section({ keys, needs, repeats = [] }: Section): JsonSchema {
  const repeated = repeats.map((name) => [name, { description: 'As the environment says, if at all.' }])
  const own = Object.entries(keys).map(([name, key]) => [name, property(key)])
  return {
    type: 'object',
    properties: Object.fromEntries([...repeated, ...own]),
    ...(needs.length === 0 ? {} : { required: needs }),
    additionalProperties: false,
  }
}

function property(key: Key): JsonSchema {
  const { examples } = key
  return {
    description: sentences(key),
    ...(key.default === undefined ? {} : { default: key.default }),
    examples,
    ...value(key),
  }
}

/** What pm2 deploy reads may be null, which is an empty text to it and to us. */
function value({ form, section: object, listOf, isOfPm2 }: Key): { readonly [keyword: string]: unknown } {
  const one = [...(form === undefined ? [] : [form.schema]), ...(object === undefined ? [] : [section(object)])]
  const items = oneOf(one)
  const list = listOf === undefined ? [] : [{ type: 'array', items, minItems: listOf }]
  return oneOf([...one, ...list, ...(isOfPm2 ? [{ type: 'null' }] : [])])
}

function oneOf(schemas: readonly JsonSchema[]): { readonly [keyword: string]: unknown } {
  const [only] = schemas
  return schemas.length === 1 && typeof only === 'object' ? only : { anyOf: schemas }
}
