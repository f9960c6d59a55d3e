import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { lackingFindings, readUploads } from '../../src/commands/shared-files.ts'
import type { HostConfig } from '../../src/config/types.ts'
import { folder, localMachine } from '../engine/ground.ts'

const where = "deploy.yml:3:5 deploy.production.upload['x']"

describe('a file that is to be uploaded', () => {
  test('is read as it is', async () => {
    const file = join(folder(), '.env')
    writeFileSync(file, 'A=1')
    expect(await readUploads({ uploads: [{ file, shown: 'x', to: '.env', where }] })).toEqual([
      { to: '.env', content: Buffer.from('A=1') },
    ])
  })

  test('and is not there, or far too large, is named with its place, and so is every other', async () => {
    const [large, missing] = [join(folder(), 'large'), join(folder(), 'missing')]
    writeFileSync(large, Buffer.alloc(1024 * 1024 + 1))
    const uploads = [large, missing, folder()].map((file) => ({ file, shown: 'x', to: '.env', where }))
    await expect(readUploads({ uploads })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringMatching(
        /^deploy\.yml:3:5 \S+ has more than 1 MiB.*\ndeploy\.yml:3:5 \S+ cannot be read here: ENOENT.*\ndeploy.*EISDIR/,
      ),
    })
  })
})

test('a shared file that is missing is an error on its host, with the line to type, unless it is uploaded', async () => {
  const [a, b] = ['a', 'b'].map((name) => localMachine(name, join(folder(), name))) as [Machine, Machine]
  mkdirSync(a.layout.shared, { recursive: true })
  writeFileSync(join(a.layout.shared, '.env'), '')
  const host: HostConfig = {
    name: 'b',
    address: '10.0.0.2',
    user: 'deploy',
    port: 2222,
    keys: [],
    server: null,
    isLocal: false,
  }
  const config = {
    hosts: [host],
    shared: ['.env', 'uploads/', 'key'],
    uploads: [{ file: '/key', shown: 'key', to: 'key', where }],
  }
  const target = join(b.layout.shared, '.env')
  expect(await lackingFindings(config, { machines: [a, b] })).toEqual([
    {
      weight: 'error',
      host: 'b',
      text: `${target} is not there, and \`shared\` names .env`,
      hint: expect.stringContaining(`\`scp -P 2222 .env deploy@10.0.0.2:${target}\``),
    },
  ])
})

type Machine = ReturnType<typeof localMachine>
