/** `npm run docs`: writes the README's tables of the keys anew. */
import { readFileSync, writeFileSync } from 'node:fs'
import { withKeyTables } from './key-tables.ts'

const file = new URL('../README.md', import.meta.url)
writeFileSync(file, withKeyTables(readFileSync(file, 'utf8')))
