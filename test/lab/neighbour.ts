/** Where a machine believes its neighbours to be: by a wrong belief, what it sends to one of them gets lost, without a word. */

/** A hardware address that nobody has. */
const NOBODY = '02:00:00:00:00:01'

/** It follows from the address: the others would go on asking the old one after a restart. */
export function hardwareAddress(address: string): string {
  return ['02', '00', ...address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))].join(':')
}

export function loseText(address: string, device: string): string {
  return `ip neigh replace ${address} lladdr ${NOBODY} dev ${device} nud permanent`
}

export function findText(address: string, device: string): string {
  return `ip neigh del ${address} dev ${device} 2>/dev/null || :`
}
