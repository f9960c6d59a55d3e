import { expect, test } from 'vitest'
import type { Upstream } from '../../src/balancers/nginx-upstreams.ts'
import { asker } from '../../src/commands/init/asker.ts'
import type { InitFlags } from '../../src/commands/init/flags.ts'
import { askAll } from '../../src/commands/init/questions.ts'
import type { Surroundings } from '../../src/commands/init/surroundings.ts'

const around: Surroundings = {
  cwd: '/',
  name: 'shop',
  source: null,
  hasDeploy: false,
  hasYaml: false,
  isModule: false,
  repo: 'git@git.example.com:shop.git',
  ref: 'origin/main',
  folder: '',
  subdir: '',
  install: ['npm ci'],
  start: 'server.js',
  port: 3000,
  healthPath: '/health',
}

const shop = { name: 'shop', servers: ['10.0.0.11:4000', '10.0.0.12:4000'] }
const other = { name: 'other', servers: ['10.0.0.13:4000'] }

interface Given {
  /** By the beginning of the question; the others get Enter. null: nobody can be asked. */
  readonly typed?: Readonly<Record<string, readonly string[]>> | null
  readonly flags?: InitFlags
  readonly upstreams?: readonly Upstream[]
}

async function answered({ typed = null, flags = {}, upstreams = [] }: Given) {
  const heard: string[] = []
  const asked: string[] = []
  const left = new Map(Object.entries(typed ?? {}).map(([start, lines]) => [start, [...lines]]))
  const prompt = async (text: string) => {
    heard.push(text)
    return [...left].find(([start]) => text.startsWith(start))?.[1].shift() ?? ''
  }
  const { ask, refuseMissing } = asker(flags, typed === null ? null : { prompt, say: (text) => void heard.push(text) })
  const answers = await askAll({
    ...{ around, ask, has: () => false, pm2File: 'ecosystem.config.js', asksScript: true },
    isGiven: (flag) => flags[flag] !== undefined,
    isTerminal: typed !== null,
    askNginx: async (address) => {
      asked.push(address)
      return upstreams
    },
  })
  return { answers, heard, asked, refuseMissing }
}

test('what nginx has is proposed: upstream, hosts, and the port of the health check', async () => {
  const { answers, heard } = await answered({ typed: { 'nginx machine': ['root@10.0.0.2'] }, upstreams: [shop, other] })
  expect(answers).toMatchObject({
    balancers: ['root@10.0.0.2'],
    upstream: 'shop',
    hosts: [{ host: '10.0.0.11', server: '10.0.0.11:4000' }, { host: '10.0.0.12' }],
    health: 'http://localhost:4000/health',
  })
  expect(heard).toContainEqual(expect.stringContaining('[10.0.0.11 10.0.0.12]: '))
})

test('a host that nginx knows by no such address is asked for again, with what to write', async () => {
  const typed = { nginx: ['10.0.0.2'], Hosts: ['web-1 web-2', 'web-1=10.0.0.11:4000 10.0.0.12'] }
  const { answers, heard } = await answered({ typed, upstreams: [shop] })
  expect(heard).toContainEqual(expect.stringContaining('`web-1=10.0.0.11:4000`'))
  expect(answers.hosts).toEqual([
    { host: 'web-1', server: '10.0.0.11:4000' },
    { host: '10.0.0.12', server: '10.0.0.12:4000' },
  ])
})

test('where nobody can be asked, one upstream is the upstream, and of several one has to be said', async () => {
  const flags = { balancer: '10.0.0.2' }
  expect((await answered({ flags, upstreams: [shop] })).answers).toMatchObject({ upstream: 'shop', hosts: [{}, {}] })
  const { refuseMissing } = await answered({ flags, upstreams: [shop, other] })
  expect(refuseMissing).toThrow('--upstream')
})

test('nginx is not asked for what was said', async () => {
  const flags = { balancer: '10.0.0.2', upstream: 'shop', host: 'web-1' }
  const { asked, answers } = await answered({ flags })
  expect(asked).toEqual([])
  expect(answers.hosts).toEqual([{ host: 'web-1', server: null }])
})
