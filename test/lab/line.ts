/** Lines between two machines that break while every other one holds: neither end is told. */
import { BRIDGE, DEPLOYER_ADDRESS, type Ground } from './ground.ts'
import type { Machine } from './machine.ts'
import { findText, loseText } from './neighbour.ts'

/** Cut and mended as often as you like. */
export interface Line {
  cut(): Promise<void>
  mend(): Promise<void>
}

export function lineBetween(one: Machine, other: Machine): Line {
  const both = (act: (from: Machine, to: Machine) => Promise<void>) => async () => {
    await Promise.all([act(one, other), act(other, one)])
  }
  return {
    cut: both((from, to) => from.lose(to.address)),
    mend: both((from, to) => from.find(to.address)),
  }
}

export function lineToDeployer(ground: Ground, machine: Machine): Line {
  return {
    async cut() {
      await ground.demand('sh', ['-c', loseText(machine.address, BRIDGE)])
      await machine.lose(DEPLOYER_ADDRESS)
    },
    async mend() {
      await ground.demand('sh', ['-c', findText(machine.address, BRIDGE)])
      await machine.find(DEPLOYER_ADDRESS)
    },
  }
}
