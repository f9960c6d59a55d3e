import { demand, hostOf } from '../../lab/fleet.ts'
import { lineBetween } from '../../lab/line.ts'
import type { ChaosCase, Scene } from '../case.ts'
import { type Moment, phase, reached, step } from '../moment.ts'

const MOMENTS = [phase('lock'), phase('resolve'), step('prepare')]
const SLOW_S = 15
const UPLOAD = '/usr/local/bin/git-upload-pack'
const KEYS = '/etc/ssh/authorized/git'

export const GIT: readonly ChaosCase[] = [
  ...MOMENTS.map((moment) =>
    onGit('The git host is gone: it refuses connections', moment, {
      begin: 'pkill -x sshd; :',
      end: '/usr/sbin/sshd -E /var/log/sshd.log',
    }),
  ),
  ...MOMENTS.slice(0, 1).map((moment) =>
    onGit('The git host refuses the key', moment, { begin: `mv ${KEYS} ${KEYS}.away`, end: `mv ${KEYS}.away ${KEYS}` }),
  ),
  ...MOMENTS.slice(0, 1).map((moment) =>
    onGit(`The git host is slow: ${SLOW_S} s for each fetch`, moment, {
      begin: `printf '#!/bin/sh\\nsleep ${SLOW_S}\\nexec /usr/bin/git-upload-pack "$@"\\n' > ${UPLOAD}; chmod +x ${UPLOAD}`,
      end: `rm ${UPLOAD}`,
    }),
  ),
  ...MOMENTS.slice(0, 1).map(silent),
  refMeanwhile('is force-pushed', ({ asked }) => `update-ref refs/tags/${asked} refs/tags/v1`),
  refMeanwhile('is deleted', ({ asked }) => `update-ref -d refs/tags/${asked}`),
]

function onGit(
  fault: string,
  moment: Moment,
  { begin, end }: { readonly begin: string; readonly end: string },
): ChaosCase {
  return {
    fault,
    step: moment.words,
    hosts: 2,
    strike: async ({ lab, deploy }) => {
      await reached(lab, deploy, moment)
      await demand(lab.git.machine, begin)
    },
    heal: async ({ lab }) => void (await demand(lab.git.machine, end)),
  }
}

function silent(moment: Moment): ChaosCase {
  const linesOf = ({ lab }: Scene) => [1, 2].map((number) => lineBetween(lab.git.machine, hostOf(lab, number)))
  return {
    fault: 'The git host does not answer at all',
    step: moment.words,
    hosts: 2,
    strike: async (scene) => {
      await reached(scene.lab, scene.deploy, moment)
      for (const line of linesOf(scene)) await line.cut()
    },
    heal: async (scene) => {
      for (const line of linesOf(scene)) await line.mend()
    },
  }
}

const BEFORE = '/home/git/ref-before'

/** It stays what it was resolved to. */
function refMeanwhile(what: string, command: (scene: Scene) => string): ChaosCase {
  const moment = step('prepare')
  return {
    fault: `The ref ${what} meanwhile`,
    step: moment.words,
    hosts: 2,
    prepare: async ({ lab, asked }) => {
      await demand(lab.git.machine, `git -C shop.git rev-parse refs/tags/${asked} > ${BEFORE}`, 'git')
    },
    strike: async (scene) => {
      await reached(scene.lab, scene.deploy, moment)
      await scene.lab.git.run(command(scene))
    },
    heal: async ({ lab, asked }) => void (await lab.git.run(`update-ref refs/tags/${asked} $(cat ${BEFORE})`)),
  }
}
