/** Where a machine believes its neighbours to be: by a wrong belief, what it sends to one of them gets lost, without a word. */

/** A hardware address that nobody has. */
const NOBODY = '02:00:00:00:00:01'

export function loseText(address: string, device: string): string {
  return `ip neigh replace ${address} lladdr ${NOBODY} dev ${device} nud permanent`
}

export function findText(address: string, device: string): string {
  return `ip neigh del ${address} dev ${device} 2>/dev/null || :`
}
