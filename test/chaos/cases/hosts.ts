/** What goes wrong on a host beside its power, its network and its disk. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { configure, demand, hostOf } from '../../lab/fleet.ts'
import type { Lab } from '../../lab/lab.ts'
import type { ChaosCase, Scene } from '../case.ts'
import { IN_FLIGHT } from '../load.ts'
import { type Moment, phase, reached, step } from '../moment.ts'

const NPM = '/usr/local/bin/npm'
const DATE = '/usr/local/bin/date'
const DAEMON = `$(cat /home/deploy/.pm2/pm2.pid)`
/** pm2 by another version number, with all that it needs. */
const OTHER = '/opt/pm2-of-before/node_modules'

const WITH_DAEMON = {
  requests: IN_FLIGHT,
  why: 'the processes that were serving are killed with the daemon: what was in flight on them',
}

export const HOSTS: readonly ChaosCase[] = [
  npm('npm install fails on one host of three', 'exit 1'),
  {
    ...npm('npm install hangs on one host of three, where `timeouts.prepare` is 5 s', 'sleep 600'),
    overrides: { timeouts: { prepare: '5s' } },
  },
  { ...daemon('is killed (SIGKILL)', phase('lock'), `kill -KILL ${DAEMON}`), allowed: WITH_DAEMON },
  daemon('is killed (SIGKILL)', step('reload'), `kill -KILL ${DAEMON}`),
  daemon('is killed (SIGKILL)', step('verify'), `kill -KILL ${DAEMON}`),
  hung(step('reload')),
  hung(step('verify')),
  {
    fault: 'The daemon of pm2 is of another version (6.0.5) than its command line, on one host',
    step: 'all of it',
    hosts: 2,
    prepare: ({ lab }) => onHost(lab, 1, otherDaemon),
  },
  ...[-1, 1].map((hours) => ({
    fault: 'The clock of a host is wrong (`date` says so; the kernel has no clock of a machine’s own)',
    step: hours < 0 ? '1 h behind, all of it' : '1 h ahead, all of it',
    hosts: 2 as const,
    prepare: ({ lab }: Scene) =>
      onHost(lab, 1, `printf '#!/bin/sh\\nexec /bin/date -d "${hours} hour" "$@"\\n' > ${DATE}; chmod +x ${DATE}`),
    heal: ({ lab }: Scene) => onHost(lab, 1, `rm -f ${DATE}`),
  })),
  {
    fault: 'A host was replaced by an empty machine under the same name, with the same key',
    step: 'all of it',
    hosts: 2,
    async prepare({ lab }) {
      await hostOf(lab, 1).powerOff()
      await hostOf(lab, 1).powerOn()
      await onHost(lab, 1, 'rm -rf /var/www/shop /home/deploy/.pm2')
    },
  },
  {
    fault: 'The known_hosts entry of a host has changed',
    step: 'connecting',
    hosts: 2,
    prepare: async ({ lab }) =>
      void (await configure(lab, { ssh_options: [`UserKnownHostsFile=${await otherKeys(lab)}`] })),
    heal: async ({ lab }) => void (await configure(lab)),
  },
]

async function onHost(lab: Lab, number: number, command: string): Promise<void> {
  await demand(hostOf(lab, number), command)
}

function npm(fault: string, does: string): ChaosCase {
  return {
    fault,
    step: 'preparing',
    hosts: 3,
    prepare: ({ lab }) =>
      onHost(lab, 2, `mv ${NPM} ${NPM}.away; printf '#!/bin/sh\\n${does}\\n' > ${NPM}; chmod +x ${NPM}`),
    heal: ({ lab }) => onHost(lab, 2, `mv -f ${NPM}.away ${NPM}`),
  }
}

function daemon(what: string, moment: Moment, command: string): ChaosCase {
  return {
    fault: `The daemon of pm2 ${what} on the host under way`,
    step: moment.words,
    hosts: 2,
    strike: async ({ lab, deploy }) => {
      await demand(await reached(lab, deploy, moment), command)
    },
  }
}

function hung(moment: Moment): ChaosCase {
  return {
    ...daemon('hangs (SIGSTOP)', moment, `kill -STOP ${DAEMON}`),
    heal: async ({ lab }) => {
      for (const host of lab.hosts) await demand(host, `kill -CONT ${DAEMON} || :`)
    },
  }
}

const otherDaemon = `set -e
  if [ ! -e ${OTHER} ]; then
    mkdir -p ${OTHER}
    ln -s /opt/zdr-lab/node_modules/* ${OTHER}/
    rm ${OTHER}/pm2
    cp -a /opt/zdr-lab/node_modules/pm2 ${OTHER}/pm2
    sed -i 's/"version": "[0-9.]*"/"version": "6.0.5"/' ${OTHER}/pm2/package.json
  fi
  runuser -u deploy -- sh -ec '
    cd /var/www/shop/current
    pm2 kill
    ${OTHER}/pm2/bin/pm2 start ecosystem.config.js --env production'`

/** Its own entry is the other host's. */
async function otherKeys(lab: Lab): Promise<string> {
  const file = join(lab.directory, 'known_hosts_of_before')
  const [own, other] = [`${hostOf(lab, 1).address} `, `${hostOf(lab, 2).address} `]
  const lines = (await readFile(lab.knownHosts, 'utf8')).split('\n')
  const key = lines.find((line) => line.startsWith(other))?.slice(other.length)
  await writeFile(file, lines.map((line) => (line.startsWith(own) ? `${own}${key}` : line)).join('\n'))
  return file
}
