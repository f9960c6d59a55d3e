/** What `init` has to know, in the order in which one answer is the guess for the next. */
import type { z } from 'zod'
import type { Upstream } from '../../balancers/nginx-upstreams.ts'
import type { Problem } from '../../config/problem.ts'
import { readValue } from '../../config/section.ts'
import { UserError } from '../../errors.ts'
import { usage } from '../usage.ts'
import type { Asker, Question } from './asker.ts'
import type { Answers, HostAnswer } from './block.ts'
import { type InitFlag, noneWord } from './flags.ts'
import { exampleServer, hostsBehind, portOfServer, readHostWords, serverOn, words } from './nginx.ts'
import type { Surroundings } from './surroundings.ts'

export interface Asking extends Pick<Asker, 'ask'> {
  readonly around: Surroundings
  /** Keys of the block that are there already: nobody is asked for them. */
  readonly has: (key: string) => boolean
  /** The file that is written has apps for pm2, or stands beside one that has. */
  readonly pm2File: string | null
  /** Only a new file of pm2's says what it starts. */
  readonly asksScript: boolean
  readonly isGiven: (flag: InitFlag) => boolean
  /** A person may be asked for what nginx did not say. */
  readonly isTerminal: boolean
  readonly askNginx: (address: string, user: string) => Promise<readonly Upstream[]>
}

export interface AllAnswers extends Answers {
  readonly script: string
  /** The servers of the upstream; empty where nginx did not say. */
  readonly servers: readonly string[]
}

/** '' for what is not asked. Rejects with UserError. */
export async function askAll(asking: Asking): Promise<AllAnswers> {
  const { around, has } = asking
  const { environmentShape, healthShape } = await import('../../config/schema.ts')
  const shape = environmentShape(around.cwd)
  const text = 'User to log in as; `none` is the one that ssh takes'
  const user = await askKey(asking, { flag: 'user', text, guess: '', isOptional: true, problemOf: by(shape.user) })
  const nginx = has('balancer') ? noNginx : await askBalancer(asking, user)
  const hosts = has('host') ? [] : await askHosts(asking, nginx)
  const place = await askPlace(asking, shape)
  const commands = await askCommands(asking)
  const port = nginx.servers.map(portOfServer)[0] ?? around.port
  const health = await askKey(asking, {
    flag: 'health',
    text: 'Health check, a URL that each host asks itself',
    guess: `http://localhost:${port}${around.healthPath}`,
    isOptional: true,
    problemOf: by(healthShape.url),
  })
  if (!has('health') && health === '' && nginx.balancers.length > 0) refuseUnknownPorts(hosts)
  return { user, hosts, ...place, ...commands, health, ...nginx }
}

/** nginx knows a host by a port, which would be that of the health check. */
function refuseUnknownPorts(hosts: readonly HostAnswer[]): void {
  const unknown = hosts.find(({ server }) => server === null)
  if (unknown === undefined) return
  const { host } = unknown
  throw usage(
    `--host has \`${host}\` without a port, and there is no --health that has one.`,
    `Write how nginx knows it: \`--host ${host}=${host.replace(/^.*@/, '')}:3000\`.`,
  )
}

/** '' where the key is there already. */
async function askKey({ has, ask }: Asking, question: Question): Promise<string> {
  return has(question.flag) ? '' : ask(question)
}

type Shape = ReturnType<typeof import('../../config/schema.ts').environmentShape>

async function askPlace(asking: Asking, shape: Shape): Promise<Pick<AllAnswers, 'repo' | 'ref' | 'path'>> {
  const { name, repo, ref } = asking.around
  const questions: Readonly<Record<'repo' | 'ref' | 'path', readonly [text: string, guess: string | null]>> = {
    repo: ['Repository, as the hosts fetch it', repo],
    ref: ['Branch that is deployed', ref],
    path: ['Folder on the hosts', `/var/www/${name}`],
  }
  const answer = (flag: 'repo' | 'ref' | 'path'): Promise<string> => {
    const [text, guess] = questions[flag]
    return askKey(asking, { flag, text, guess, problemOf: by(shape[flag]) })
  }
  return { repo: await answer('repo'), ref: await answer('ref'), path: await answer('path') }
}

async function askCommands(asking: Asking): Promise<Pick<AllAnswers, 'script' | 'postDeploy' | 'subdir'>> {
  const { around, ask, asksScript, pm2File } = asking
  const text = 'Script that pm2 starts, with its arguments'
  const script = asksScript ? await ask({ flag: 'script', text, guess: around.start, problemOf: isEmpty }) : ''
  const guess = postDeployGuess(around, pm2File)
  const postDeploy = await askKey(asking, {
    flag: 'post-deploy',
    text: 'Commands that install it, and make the processes run it',
    guess,
    problemOf: isEmpty,
  })
  // Whoever writes commands of their own has thought of their folder.
  return { script, postDeploy, subdir: postDeploy === guess ? around.subdir : '' }
}

type Nginx = Pick<AllAnswers, 'balancers' | 'upstream' | 'servers'>

const noNginx: Nginx = { balancers: [], upstream: '', servers: [] }

async function askBalancer(asking: Asking, user: string): Promise<Nginx> {
  const { around, isGiven, ask } = asking
  const { balancerShape } = await import('../../config/schema.ts')
  const answer = await ask({
    flag: 'balancer',
    text: 'nginx machine in front of the hosts, by its SSH address',
    guess: '',
    isOptional: true,
    problemOf: (typed) => by(balancerShape.on)(words(typed)),
  })
  const balancers = words(answer)
  const [first] = balancers
  if (first === undefined) return refuseUpstream(asking)
  // Where all is said, no machine is asked.
  const isKnown = isGiven('upstream') && (isGiven('host') || asking.has('host'))
  const upstreams = isKnown ? [] : await asking.askNginx(first, user)
  const only = upstreams.length === 1 || asking.isTerminal ? upstreams[0]?.name : undefined
  const upstream = await ask({
    flag: 'upstream',
    text: 'Its upstream with the hosts',
    guess: only ?? (asking.isTerminal ? around.name : null),
    problemOf: by(balancerShape.upstream),
  })
  const found = upstreams.find(({ name }) => name === upstream)?.servers ?? []
  return { balancers, upstream, servers: found }
}

function refuseUpstream({ isGiven }: Asking): Nginx {
  if (!isGiven('upstream')) return noNginx
  throw new UserError('usage', '--upstream is said, and no --balancer that has it.')
}

async function askHosts({ ask }: Asking, { servers, balancers }: Nginx): Promise<readonly HostAnswer[]> {
  const { hostShape } = await import('../../config/schema.ts')
  const text = 'Hosts that run the app, by their SSH addresses, with spaces between'
  const nginx = balancers[0]?.replace(/^.*@/, '') ?? ''
  const answer = await ask({
    flag: 'host',
    text: servers.length === 0 ? text : `${text}; nginx has ${servers.join(', ')}`,
    guess: servers.length === 0 ? null : hostsBehind(servers, nginx).join(' '),
    problemOf: (typed) => hostsProblem(typed, { servers, shape: hostShape }),
  })
  return readHostWords(answer).map(({ host, server }) => ({ host, server: server ?? serverOn(host, servers) }))
}

type HostShape = typeof import('../../config/schema.ts').hostShape

function hostsProblem(
  typed: string,
  { servers, shape }: { readonly servers: readonly string[]; readonly shape: HostShape },
): string | null {
  const hosts = readHostWords(typed)
  if (hosts.length === 0) return 'is empty: write it'
  for (const { host, server } of hosts) {
    const problem = by(shape.host)(host) ?? (server === null ? null : by(shape.server)(server))
    if (problem !== null) return `${problem} (\`${host}\`)`
    if (host === noneWord) return 'names no host'
  }
  const unknown = hosts.find(({ host, server }) => server === null && serverOn(host, servers) === null)
  if (servers.length === 0 || unknown === undefined) return null
  const example = `${unknown.host}=${exampleServer(servers)}`
  return `has \`${unknown.host}\`, which nginx does not have: write how nginx knows it, \`${example}\``
}

/** What is wrong with a value of the configuration; null where nothing is. */
function by(schema: z.ZodType): (answer: unknown) => string | null {
  return (answer) => {
    const problems: Problem[] = []
    readValue(answer, schema, { path: [], problems })
    return problems[0]?.text ?? null
  }
}

function isEmpty(answer: string): string | null {
  return answer === '' ? 'is empty: write it' : null
}

/** null: without a file of pm2's nothing tells what runs the app. */
function postDeployGuess({ install, folder }: Surroundings, pm2File: string | null): string | null {
  if (pm2File === null) return null
  const inFolder = folder === '' ? [] : [`cd ${folder}`]
  return [...inFolder, ...install, `pm2 reload ${pm2File} --env production`].join(' && ')
}
