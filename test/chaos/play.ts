import type { RunningDeploy } from '../lab/deployer.ts'
import { configure, demand, ended, SWITCH_FOLDER } from '../lab/fleet.ts'
import type { Lab } from '../lab/lab.ts'
import type { Behaviour } from '../lab/releases.ts'
import { type ChaosCase, type Scene, titleOf } from './case.ts'
import { type Ended, judge, type Next, type Seen } from './judge.ts'
import { LOAD } from './load.ts'
import type { Row } from './row.ts'

/** Every deploy ends, in bounded time. */
const DEPLOY_TIMEOUT_MS = 15 * 60_000

export interface Beginning {
  /** The release that the fleet runs. */
  readonly runs: string
  /** Of this case, on this lab. */
  readonly number: number
}

export interface Played {
  readonly row: Row
  /** The release that the fleet runs afterwards; null: nobody knows. */
  readonly runs: string | null
  /** All that the deploys wrote, and the requests that failed. */
  readonly log: string
}

/**
 * Plays a case on a fleet that runs one release and is well, under load, and then deploys once more. No hand but those
 * of the case touches the fleet.
 */
export async function play(lab: Lab, chaosCase: ChaosCase, beginning: Beginning): Promise<Played> {
  await configure(lab, chaosCase.overrides)
  const scene = await sceneOf(lab, chaosCase, beginning)
  await chaosCase.prepare?.(scene)
  const hammer = await lab.hammer({ ...LOAD, from: lab.git.machine })
  try {
    const seen = { ...(await watch(chaosCase, scene)), requests: await hammer.stop() }
    const row = judge(chaosCase, scene, seen)
    const isAsItWas = row.short.length === 0 && chaosCase.before === undefined
    return { row, runs: isAsItWas ? seen.next.asked : null, log: logOf(chaosCase, seen) }
  } catch (error) {
    void hammer.stop().catch(() => undefined)
    throw error
  }
}

async function watch(chaosCase: ChaosCase, scene: Scene): Promise<Omit<Seen, 'requests'>> {
  const { lab } = scene
  const deploy = lab.deploy(wordsOf(chaosCase, scene))
  const shown: string[] = []
  const fallsShort = (what: string) => void shown.push(what)
  const commits = await commitsOf(lab)
  const [result] = await Promise.all([endOf(deploy), chaosCase.strike?.({ ...scene, deploy, fallsShort })])
  const atEnd = await standingOf(lab)
  await chaosCase.heal?.(scene)
  return { result, shown, atEnd, commits, next: await onceMore(chaosCase, scene) }
}

async function standingOf(lab: Lab): Promise<Seen['atEnd']> {
  const running = await lab.running()
  const files = await demand(lab.balancer, `ls ${SWITCH_FOLDER}`)
  return lab.hosts.map((host) => {
    const { name, address } = host
    const runs = host.isOn() ? (running[name] ?? 'nothing') : 'off'
    return { name, address, runs, isOut: files.includes(address.replaceAll('.', '_')) }
  })
}

async function commitsOf(lab: Lab): Promise<Seen['commits']> {
  const lines = await lab.git.run(`for-each-ref --format='%(objectname) %(refname:short)' refs/tags`)
  return Object.fromEntries(lines.split('\n').map((line) => line.split(' ') as [string, string]))
}

/** A rollback needs a release to come from: it is deployed first. */
async function sceneOf(lab: Lab, chaosCase: ChaosCase, { runs, number }: Beginning): Promise<Scene> {
  const { command = 'deploy', behaviour = 'good', before } = chaosCase
  const made = `r${number}`
  await lab.git.commit(made, behaviour)
  if (command === 'rollback') {
    await ended(lab.deploy(['production', '--ref', made]), 0)
    return { lab, ran: made, asked: runs }
  }
  const ran = before === undefined ? runs : await startAnew(lab, `${made}-before`, before)
  return { lab, ran, asked: made }
}

/** pm2 holds an app to the mode of its first start. */
async function startAnew(lab: Lab, release: string, behaviour: Behaviour): Promise<string> {
  await lab.git.commit(release, behaviour)
  for (const host of lab.hosts) await demand(host, 'pm2 delete shop', 'deploy')
  await ended(lab.deploy(['production', '--ref', release]), 0)
  return release
}

function wordsOf({ command = 'deploy' }: ChaosCase, { asked }: Scene): readonly string[] {
  return ['production', ...(command === 'rollback' ? ['--rollback'] : ['--ref', asked]), '--json']
}

async function endOf(deploy: RunningDeploy): Promise<Ended> {
  let late = false
  const tooLate = setTimeout(() => {
    late = true
    deploy.kill('SIGKILL')
  }, DEPLOY_TIMEOUT_MS)
  const result = await deploy.result
  clearTimeout(tooLate)
  return { ...result, late }
}

/** The same again; after a release that is no good a good one; a rollback by the release's own commit. */
async function onceMore({ command = 'deploy', behaviour = 'good' }: ChaosCase, { lab, asked }: Scene): Promise<Next> {
  const goal = behaviour === 'good' ? asked : `${asked}-mended`
  if (goal !== asked) await lab.git.commit(goal, 'good')
  const commit = await lab.git.run(`rev-parse refs/tags/${goal}`)
  const words = command === 'rollback' ? ['--rollback', commit.slice(0, COMMIT_LENGTH)] : ['--ref', goal]
  const result = await endOf(lab.deploy(['production', ...words, '--json']))
  const running = await lab.running()
  const status = await lab.deploy(['production', 'status', '--json']).result
  return { asked: goal, result, running, status }
}

const COMMIT_LENGTH = 12

function logOf(chaosCase: ChaosCase, { result, next, requests }: Seen): string {
  const parts = [
    ['the deploy', result.stdout + result.stderr],
    ['one more run', next.result.stdout + next.result.stderr],
    ['failed requests', requests.samples.map((sample) => JSON.stringify(sample)).join('\n')],
  ]
  return `# ${titleOf(chaosCase)}\n${parts.map(([name, text]) => `## ${name}\n${text}\n`).join('')}`
}
