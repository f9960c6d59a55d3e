/** Files as people write them. Each is there for a reason, which its first line says. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

export const filesFolder = join(import.meta.dirname, 'ecosystem-files')

/** What some of the files take from the environment; nothing sets a ZDR_NOT_SET_… */
export const variables = {
  ZDR_TEST_USER: 'me',
  ZDR_TEST_HOST: '192.0.2.99',
  ZDR_TEST_REPO: 'git@git.example.com:shop.git',
  ZDR_TEST_PATH: '/var/www/shop',
  ZDR_TEST_PORT: '2222',
  ZDR_TEST_KEY: '/keys/shop',
  ZDR_TEST_KNOWN_HOSTS: '/keys/known_hosts',
}

export function ecosystemFiles(): readonly string[] {
  return readdirSync(filesFolder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(filesFolder.length + 1))
    .sort()
}

/** The texts of a block's post-deploy, as pm2 deploy gets them. */
export function writtenTexts(block: Readonly<Record<string, unknown>>): readonly string[] {
  return [block['post-deploy']]
    .flat()
    .filter((text) => typeof text === 'string')
    .map((text) => text.trim())
    .filter((text) => text !== '')
}
