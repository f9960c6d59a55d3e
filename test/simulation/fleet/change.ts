/** What can happen to the world, and how an operator would say it. */
import type { Answer, Pause } from '../../../src/hosts/depot.ts'
import type { HistoryEntry, Manifest, MigrationEntry } from '../../../src/hosts/history.ts'
import type { Current } from '../../../src/hosts/inspection.ts'
import type { JournalEntry } from '../../../src/hosts/journal.ts'
import type { LockOwner } from '../../../src/hosts/lock.ts'
import type { HostName, ReleaseId } from '../../../src/rollout/model.ts'

/** Whose doing it is. `token`: of the lock that it was done under; null: it needed none. */
export type Who =
  | { readonly kind: 'deploy'; readonly deployer: string; readonly token: string | null }
  | { readonly kind: 'operator' }
  | { readonly kind: 'fate' }

export const operator: Who = { kind: 'operator' }
export const fate: Who = { kind: 'fate' }

export type Happening =
  | { readonly type: 'locked'; readonly host: HostName; readonly owner: LockOwner }
  | { readonly type: 'unlocked'; readonly host: HostName; readonly owner: LockOwner; readonly why: string }
  | { readonly type: 'fetched'; readonly host: HostName }
  | { readonly type: 'laid-out'; readonly host: HostName; readonly release: ReleaseId; readonly isWhole: boolean }
  | { readonly type: 'shared'; readonly host: HostName; readonly release: ReleaseId }
  | {
      readonly type: 'ran'
      readonly host: HostName
      readonly command: string
      readonly release: ReleaseId | null
      readonly ended: 'well' | 'badly' | 'cut off'
    }
  | { readonly type: 'noted'; readonly host: HostName; readonly manifest: Manifest }
  | { readonly type: 'journal'; readonly host: HostName; readonly entry: JournalEntry }
  | { readonly type: 'activated'; readonly host: HostName; readonly release: ReleaseId; readonly from: Current }
  | { readonly type: 'remembered'; readonly host: HostName; readonly entry: HistoryEntry }
  | { readonly type: 'migration'; readonly host: HostName; readonly entry: MigrationEntry }
  | { readonly type: 'pruned'; readonly host: HostName; readonly release: ReleaseId }
  | { readonly type: 'paused'; readonly host: HostName; readonly pause: Pause | null }
  | { readonly type: 'answered'; readonly host: HostName; readonly answer: Answer }
  /** `directory`: what the process runs from. */
  | { readonly type: 'started'; readonly host: HostName; readonly pid: number; readonly directory: string }
  | {
      readonly type: 'ended'
      readonly host: HostName
      readonly pid: number
      readonly why: 'stopped' | 'died' | 'given up'
    }
  | { readonly type: 'turned'; readonly host: HostName; readonly pid: number; readonly to: Wellness }
  | { readonly type: 'power'; readonly host: HostName; readonly to: 'on' | 'off' }
  | { readonly type: 'line'; readonly from: string; readonly to: string; readonly state: 'cut' | 'up' }
  | {
      readonly type: 'out'
      readonly balancer: string
      readonly before: readonly HostName[]
      readonly out: readonly HostName[]
      readonly byHand: readonly HostName[]
    }
  | { readonly type: 'balancer'; readonly balancer: string; readonly to: 'on' | 'off' }
  | { readonly type: 'deployer-died'; readonly deployer: string }

/** How a process answers: nobody listens, or 200, or 500. */
export type Wellness = 'silent' | 'well' | 'ill'

export type Change = Happening & { readonly who: Who }

export function sentence(change: Change): string {
  return `${whoText(change.who)}: ${whatText(change)}`
}

function whoText(who: Who): string {
  switch (who.kind) {
    case 'deploy':
      return who.deployer
    case 'operator':
      return 'an operator'
    case 'fate':
      return 'by itself'
  }
}

function whatText(change: Happening): string {
  switch (change.type) {
    case 'locked':
      return `${change.host} is locked for ${change.owner.token}`
    case 'unlocked':
      return `${change.host} is not locked for ${change.owner.token} any more: ${change.why}`
    case 'fetched':
      return `${change.host} fetches the repository`
    case 'laid-out':
      return `${change.host} lays out ${change.isWhole ? '' : 'half of '}${change.release}`
    case 'shared':
      return `${change.host} puts what is shared into ${change.release}`
    case 'ran':
      return `${change.host} runs \`${change.command}\`, which ${change.ended === 'cut off' ? 'is cut off' : `ends ${change.ended}`}`
    case 'noted':
      return `${change.host} notes that ${change.manifest.id} is ${change.manifest.state}`
    case 'journal':
      return `${change.host} writes into its journal: ${change.entry.event}`
    case 'activated':
      return `${change.host} points current at ${change.release}`
    case 'remembered':
      return `${change.host} writes into its history: ${change.entry.kind} of ${change.entry.release}`
    case 'migration':
      return `${change.host} notes the migration of ${change.entry.sha.slice(0, 7)} as ${change.entry.state}`
    case 'pruned':
      return `${change.host} removes ${change.release}`
    case 'paused':
      return change.pause === null
        ? `${change.host} waits for nobody`
        : `${change.host} says that a deploy waits for a yes`
    case 'answered':
      return `${change.host} is told: ${change.answer.answer}`
    case 'started':
      return `${change.host} starts process ${change.pid} from ${change.directory}`
    case 'ended':
      return `process ${change.pid} on ${change.host} ${change.why === 'stopped' ? 'is stopped' : change.why === 'died' ? 'dies' : 'is given up by its manager'}`
    case 'turned':
      return `process ${change.pid} on ${change.host} ${change.to === 'silent' ? 'does not listen' : `is ${change.to}`}`
    case 'power':
      return `${change.host} ${change.to === 'on' ? 'has power again' : 'loses its power'}`
    case 'line':
      return `the line from ${change.from} to ${change.to} is ${change.state === 'cut' ? 'cut' : 'up again'}`
    case 'out':
      return `${change.balancer} leaves out ${change.out.join(', ') || 'nobody'}${change.byHand.length > 0 ? ` (by hand: ${change.byHand.join(', ')})` : ''}`
    case 'balancer':
      return `${change.balancer} ${change.to === 'on' ? 'answers again' : 'answers nobody'}`
    case 'deployer-died':
      return `${change.deployer} dies`
  }
}
