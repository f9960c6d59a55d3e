import { demand, ended } from '../../lab/fleet.ts'
import type { Machine } from '../../lab/machine.ts'
import type { ChaosCase, Scene } from '../case.ts'
import { type Moment, ON_A_HOST, phase, reached, step } from '../moment.ts'

const SIZE = '256m'
const ON_A_HOST_FOLDER = '/var/www/shop'
const ON_THE_BALANCER = '/var/lib/zdr-deploy'

export const DISK: readonly ChaosCase[] = [
  ...[phase('lock'), step('prepare'), ...ON_A_HOST.slice(1), phase('settle')].map((moment) =>
    fullDisk('The disk of a host is full', moment, { folder: ON_A_HOST_FOLDER, isBalancer: false }),
  ),
  ...[step('prepare'), step('drain'), step('reload'), step('verify')].map((moment) =>
    fullDisk('The disk of the balancer is full', moment, { folder: ON_THE_BALANCER, isBalancer: true }),
  ),
]

interface Place {
  readonly folder: string
  readonly isBalancer: boolean
}

function fullDisk(fault: string, moment: Moment, { folder, isBalancer }: Place): ChaosCase {
  const machinesOf = ({ lab }: Scene) => (isBalancer ? [lab.balancer] : lab.hosts)
  return {
    fault,
    step: moment.words,
    hosts: 2,
    async prepare(scene) {
      const made = await Promise.all(machinesOf(scene).map((machine) => ownDisk(machine, folder)))
      // What runs stands on the files of before, below the new disk.
      if (made.includes(true) && !isBalancer) await redeployed(scene)
    },
    async strike({ lab, deploy }) {
      const host = await reached(lab, deploy, moment)
      await demand(isBalancer ? lab.balancer : host, fill(folder))
    },
    async heal(scene) {
      for (const machine of machinesOf(scene)) await demand(machine, `rm -f ${folder}/full-*`)
    },
  }
}

/** A small disk of its own for that folder, with all that is in it. False: it has one. */
async function ownDisk(machine: Machine, folder: string): Promise<boolean> {
  const script = `mountpoint -q ${folder} && { echo there; exit 0; }
    mkdir -p /mnt/small && mount -t tmpfs -o size=${SIZE},mode=755 tmpfs /mnt/small
    cp -a ${folder}/. /mnt/small && chown --reference=${folder} /mnt/small && chmod --reference=${folder} /mnt/small
    mount --move /mnt/small ${folder} && echo made`
  return (await demand(machine, script)) === 'made'
}

async function redeployed({ lab, ran }: Scene): Promise<void> {
  for (const host of lab.hosts)
    await demand(
      host,
      'pm2 delete shop; cd /var/www/shop/current && pm2 start ecosystem.config.js --env production',
      'deploy',
    )
  await ended(lab.deploy(['production', '--ref', ran]), 0)
}

/** To the last byte. */
function fill(folder: string): string {
  return `dd if=/dev/zero of=${folder}/full-1 bs=1M 2>/dev/null; dd if=/dev/zero of=${folder}/full-2 bs=1 2>/dev/null; :`
}
