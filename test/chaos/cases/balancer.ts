import { readFile, writeFile } from 'node:fs/promises'
import { demand } from '../../lab/fleet.ts'
import type { Lab } from '../../lab/lab.ts'
import { replaceOnce } from '../../lab/replace-once.ts'
import type { ChaosCase } from '../case.ts'
import { OPEN_CONNECTIONS, REQUESTS_PER_SECOND } from '../load.ts'
import { type Moment, phase, reached, step } from '../moment.ts'

const AWAY_S = 3

const AWAY = {
  requests: OPEN_CONNECTIONS + AWAY_S * REQUESTS_PER_SECOND,
  why: `nginx itself is gone: the connections that were open (${OPEN_CONNECTIONS}), and what was asked until it is back (${AWAY_S} s of ${REQUESTS_PER_SECOND} requests a second)`,
}

const RELOADED = {
  requests: 2 * OPEN_CONNECTIONS,
  why: `nginx closes idle connections of clients when it is reloaded (${OPEN_CONNECTIONS} are open, and it happens twice)`,
}

const WHILE_OUT = [step('drain'), step('reload'), step('put-back')]

export const BALANCER: readonly ChaosCase[] = [
  ...[step('prepare'), ...WHILE_OUT].map((moment) => ({
    ...shellCase(
      'nginx is killed (SIGKILL, all of it) and started again',
      moment,
      'pkill -KILL nginx; rm -f /run/nginx.pid; nginx',
    ),
    allowed: AWAY,
  })),
  ...WHILE_OUT.map((moment) => ({
    ...shellCase('Somebody reloads nginx', moment, 'nginx -s reload'),
    allowed: RELOADED,
  })),
  ...[phase('connect'), ...WHILE_OUT].map((moment) => ({
    ...shellCase(
      'Somebody breaks the configuration of nginx and reloads it, which nginx refuses',
      moment,
      'echo "nonsense;" >> /etc/nginx/nginx.conf; nginx -s reload || :',
    ),
    heal: async ({ lab }: { readonly lab: Lab }) =>
      void (await demand(lab.balancer, 'sed -i /nonsense/d /etc/nginx/nginx.conf')),
  })),
  ...[step('take-out'), step('drain')].map(siteWithoutSwitch),
]

function shellCase(fault: string, moment: Moment, command: string): ChaosCase {
  return {
    fault,
    step: moment.words,
    hosts: 2,
    strike: async ({ lab, deploy }) => {
      await reached(lab, deploy, moment)
      await demand(lab.balancer, command)
    },
  }
}

const CHOICE = 'proxy_pass http://$zdr_shop;'
const NO_CHOICE = 'proxy_pass http://zdr_shop;'

/** From then on nothing that is published has any effect: everybody is in. */
function siteWithoutSwitch(moment: Moment): ChaosCase {
  return {
    fault: 'Somebody takes the switch out of the site and reloads nginx',
    step: moment.words,
    hosts: 2,
    overrides: { rollout: { batch: 1, 'min-serving': 1, 'drain-timeout': '15s' } },
    strike: async ({ lab, deploy }) => {
      await reached(lab, deploy, moment)
      await editSite(lab, CHOICE, NO_CHOICE)
    },
    heal: ({ lab }) => editSite(lab, NO_CHOICE, CHOICE),
    allowed: RELOADED,
  }
}

async function editSite(lab: Lab, from: string, to: string): Promise<void> {
  const file = lab.balancer.root + lab.site.path
  await writeFile(file, replaceOnce(await readFile(file, 'utf8'), from, to))
  await lab.site.reload()
}
