/** What is pushed: `answers 500 on web-2`. */
import type { HostName } from '../../src/rollout/model.ts'
import { type Behaviour, type Commit, wellCommit } from '../simulation/fleet/repository.ts'
import { readNames, readSpan } from './phrases.ts'

export const migration = 'npm run migrate'
export const install = 'npm ci'

/** `its migration fails` and `does not build` leave its processes as they are. */
export function commitOf(phrase: string, sha: string): Commit {
  const [what = '', hosts] = phrase.split(' on ')
  const on: readonly HostName[] | 'every host' = hosts === undefined ? 'every host' : readNames(hosts)
  if (what === 'its migration fails') return { ...wellCommit(sha), failing: [migration] }
  if (what === 'does not build') return { ...wellCommit(sha), failing: [install] }
  return { ...wellCommit(sha), behaviour: behaviourOf(what), on }
}

function behaviourOf(what: string): Behaviour {
  switch (what) {
    case 'well':
    case 'throws at boot':
    case 'never ready':
    case 'answers 500':
    case 'keeps old code':
      return { kind: what }
  }
  const [, how, span] = /^(dies after|turns ill after|ill for|flaps every) (.+)$/.exec(what) ?? []
  if (how === undefined || span === undefined) throw new Error(`no release ${what}`)
  const ms = readSpan(span)
  if (how === 'dies after') return { kind: 'dies', afterMs: ms }
  if (how === 'turns ill after') return { kind: 'turns ill', afterMs: ms }
  return how === 'ill for' ? { kind: 'ill for a while', forMs: ms } : { kind: 'flaps', everyMs: ms }
}
