/** What is imagined, and what a deploy says, in an operator's words: for the trace. */
import type { Report } from '../../../src/rollout/report.ts'
import type { Dials } from '../fleet/dials.ts'
import type { Behaviour } from '../fleet/repository.ts'
import type { Act, Story } from './story.ts'

export function tellStory(story: Story): readonly string[] {
  const { hosts, balancers, batches, minServing, onFailure, times, acts, dials } = story
  const health = story.hasHealth ? 'a health check' : 'no health check'
  const groups = batches.map((batch) => `[${batch.hosts.join(', ')}]${batch.pause ? ', then a pause' : ''}`)
  const wrong = tellDials(dials)
  return [
    `${hosts.length} hosts, ${balancers === 0 ? 'no balancer' : `a balancer of ${balancers}`}, ${story.mode} mode, ${health}; ${story.start} runs`,
    `batches: ${groups.join(', ')}`,
    `min-serving ${minServing}, on-failure ${onFailure}, on-drain-timeout ${story.onDrainTimeout} after ${seconds(times.drainTimeoutMs)}, soak ${seconds(times.soakMs)}, ${times.passes} healthy answers, stable for ${seconds(times.stableMs)}, ${story.keep} releases kept`,
    wrong.length === 0 ? 'nothing goes wrong by itself' : `after ${seconds(story.quietMs)}: ${wrong.join(', ')}`,
    ...acts.map((act, index) => `deploy-${index + 1}: ${tellAct(act)}`),
    '',
  ]
}

const dialNames: Readonly<Record<keyof Dials, string>> = {
  failsBefore: 'a call fails before its effect',
  failsAfter: 'after it',
  failsHalfWay: 'half-way',
  hangs: 'hangs',
  losesConnection: 'loses its connection',
  slow: 'takes seconds',
  healthLies: 'a healthy app does not answer',
  traffic: 'requests run when a host is taken out',
  longRequest: 'each of them for minutes',
  losesPower: 'a host loses power',
  cutFromDeployer: 'a host is cut off from the deployer',
  cutFromBalancer: 'from the balancer',
  balancerCutFromDeployer: 'the balancer is cut off from the deployer',
  balancerRestarts: 'restarts',
  balancerForgets: 'forgets',
  takenOutByHand: 'an operator takes a host out',
  processDies: 'a process dies',
  neverComesBack: 'what is lost stays lost',
}

const perMinute: readonly (keyof Dials)[] = [
  'losesPower',
  'cutFromDeployer',
  'cutFromBalancer',
  'balancerCutFromDeployer',
  'balancerRestarts',
  'balancerForgets',
  'takenOutByHand',
  'processDies',
]

function tellDials(dials: Dials): readonly string[] {
  const names = Object.keys(dialNames) as (keyof Dials)[]
  const often = (name: keyof Dials): string =>
    perMinute.includes(name) ? `${dials[name].toFixed(2)} times a minute` : `${(100 * dials[name]).toFixed(1)}%`
  return names.filter((name) => dials[name] > 0).map((name) => `${dialNames[name]} (${often(name)})`)
}

function tellAct(act: Act): string {
  const { commit, answer, dies } = act
  const what =
    act.again !== 'the same'
      ? `says ${act.again} to what was cut off, or deploys what is there`
      : act.kind === 'rollback'
        ? 'goes back a release'
        : commit === null
          ? 'deploys what is there'
          : `deploys ${commit.sha.slice(0, 7)}, which ${tellBehaviour(commit.behaviour)}${commit.on === 'every host' ? '' : ` on ${commit.on.join(', ')}`}${commit.failing.length > 0 ? `, and whose \`${commit.failing.join(', ')}\` fails` : ''}`
  return [
    what,
    act.migrate === 'none' ? '' : `migrates${act.migrate === 'failing' ? ', which fails' : ''}`,
    act.skip.length === 0 ? '' : `skips ${act.skip.join(', ')}${act.allowSkipped ? ' with --allow-skipped' : ''}`,
    answer.what === 'nothing'
      ? 'answers no question'
      : `answers ${answer.what} at ${answer.at} after ${seconds(answer.afterMs)}`,
    act.besideAfter === null ? '' : `begins while the one before still runs, after ${act.besideAfter} changes`,
    act.interruptedAfter === null ? '' : `is interrupted after ${act.interruptedAfter} changes`,
    dies === null ? '' : `is ${dies.how} after ${dies.after} changes`,
  ]
    .filter((part) => part !== '')
    .join('; ')
}

function tellBehaviour(behaviour: Behaviour): string {
  switch (behaviour.kind) {
    case 'well':
      return 'is well'
    case 'dies':
      return `dies after ${seconds(behaviour.afterMs)}`
    case 'ill for a while':
      return `is ill for ${seconds(behaviour.forMs)}`
    case 'turns ill':
      return `turns ill after ${seconds(behaviour.afterMs)}`
    case 'flaps':
      return `is ill and well in turn, every ${seconds(behaviour.everyMs)}`
    case 'never ready':
      return 'is never ready'
    case 'throws at boot':
    case 'answers 500':
    case 'keeps old code':
      return behaviour.kind
  }
}

/** null: nothing that the trace does not show anyway. */
export function tellReport(report: Report): string | null {
  switch (report.type) {
    case 'note':
      return `${report.host === undefined ? '' : `${report.host}: `}${report.text}`
    case 'finding':
      return `${report.weight}: ${report.host ?? ''} ${report.text}`
    case 'resolved':
      return `it is about ${report.release}`
    case 'step':
      return tellStep(report)
    case 'paused':
      return `waits for a yes after ${report.after.join(', ')}`
    case 'answered':
      return `${report.by} answers ${report.answer}`
    case 'serving':
      return `${report.serving} of ${report.total} serve`
    case 'finished':
      return `${report.outcome.kind}, exit code ${report.exitCode}: ${report.outcome.hosts.map(({ host, state, release }) => `${host} ${state} with ${release}`).join(', ')}`
    case 'error':
      return report.message
    case 'started':
    case 'phase':
    case 'output':
    case 'waiting':
    case 'plan':
    case 'status':
    case 'examined':
    case 'releases':
    case 'history':
    case 'printed':
    case 'ran':
      return null
  }
}

function tellStep({ step, state, hosts, back, reason }: Extract<Report, { type: 'step' }>): string {
  const way = back ? ' on the way back' : ''
  return `${step} ${hosts.join(', ')}${way} ${state}${reason === undefined ? '' : `: ${reason}`}`
}

function seconds(ms: number): string {
  return `${ms / 1000} s`
}
