/** What to do about the key that a server showed: go on, write it down, or refuse it in words that help. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import {
  appendKnownHost,
  fingerprint,
  judgeHostKey,
  type KnownHost,
  keyTypeOf,
  knownHostsLine,
  type Server,
  serverName,
} from './known-hosts.ts'
import { command, quote } from './shell.ts'

export interface HostKeyPolicy {
  /** As in the configuration, for messages. */
  readonly name: string
  readonly server: Server
  readonly known: readonly KnownHost[]
  /** The first one is written to. */
  readonly knownHostsFiles: readonly string[]
  readonly strictHostKeyChecking: 'yes' | 'no' | 'accept-new'
  readonly onWarning: (text: string) => void
}

/** Resolves with null where the key may be trusted, else with the reason why not. */
export async function checkHostKey(key: Buffer, policy: HostKeyPolicy): Promise<UserError | null> {
  const verdict = judgeHostKey(policy.known, policy.server, key)
  switch (verdict.is) {
    case 'known':
      return null
    case 'revoked':
      return new UserError('host-key', `${policy.name} shows a key that is revoked: ${shown(key)}`, {
        hint: `It is revoked at ${verdict.place}. Do not use this machine before you know why.`,
      })
    case 'changed':
      return changed(key, policy, verdict.place)
    case 'unknown':
      return unknown(key, policy)
  }
}

async function unknown(key: Buffer, policy: HostKeyPolicy): Promise<UserError | null> {
  const [file] = policy.knownHostsFiles
  switch (policy.strictHostKeyChecking) {
    case 'yes':
      return refuseUnknown(key, policy)
    case 'no':
      policy.onWarning(`${policy.name}: the host key was not checked (StrictHostKeyChecking no): ${shown(key)}`)
      return null
    case 'accept-new':
      if (file !== undefined) await appendKnownHost(file, knownHostsLine(policy.server, key))
      policy.onWarning(`${policy.name}: a new host key was accepted: ${shown(key)}`)
      return null
  }
}

/** The command writes down the very key whose fingerprint is shown: asking the network again might bring another one. */
function refuseUnknown(key: Buffer, policy: HostKeyPolicy): UserError {
  const [file = '~/.ssh/known_hosts'] = policy.knownHostsFiles
  const accept = `${preparing(file)}${command('echo', knownHostsLine(policy.server, key))} >> ${quote(file)}`
  return new UserError('host-key', `${policy.name} shows a host key that is not known here: ${shown(key)}`, {
    hint: `Compare it with what \`ssh-keygen -lf ${publicKeyFile(key)}\` says on that machine. If it is the same, accept it:\n${accept}`,
  })
}

/** A missing folder, or a last line without an end, would make the command fail or spoil that line. */
function preparing(file: string): string {
  if (!existsSync(dirname(file))) return `mkdir -p -m 700 ${quote(dirname(file))} && `
  const hasOpenLine = existsSync(file) && /[^\n]$/.test(readFileSync(file, 'utf8'))
  return hasOpenLine ? `echo >> ${quote(file)} && ` : ''
}

function changed(key: Buffer, policy: HostKeyPolicy, place: string): UserError {
  const file = place.slice(0, place.lastIndexOf(':'))
  return new UserError('host-key', `the host key of ${policy.name} is not the one that is known: now ${shown(key)}`, {
    hint:
      `The known one is at ${place}. Either the machine was installed anew, or somebody stands between you and it. ` +
      `Find out which. Only where it was installed anew, forget the known one:\n` +
      `${command('ssh-keygen', '-R', serverName(policy.server), '-f', file)}`,
  })
}

function shown(key: Buffer): string {
  return `${shortType(key).toUpperCase()} ${fingerprint(key)}`
}

/** Where sshd keeps it by default. */
function publicKeyFile(key: Buffer): string {
  return `/etc/ssh/ssh_host_${shortType(key)}_key.pub`
}

function shortType(key: Buffer): string {
  return keyTypeOf(key).replace(/^ssh-/, '').replace(/-.*/, '')
}
