import { invalid, type Parsed, valid } from './problem.ts'

/** Alone, as for pm2 deploy: `deploy@localhost` and `localhost:2222` are reached by SSH. */
export function isLocal({ user, address, port }: Address): boolean {
  return address === 'localhost' && user === undefined && port === undefined
}

export interface Address {
  readonly user: string | undefined
  readonly address: string
  readonly port: number | undefined
}

/** `10.0.0.11`, `web-1`, `deploy@web-1:2222`, `[fe80::1]:22`, `fe80::1`. */
export function parseAddress(text: string): Parsed<Address> {
  const at = text.lastIndexOf('@')
  const user = at < 0 ? undefined : text.slice(0, at)
  const { address, portText } = withoutPort(text.slice(at + 1))
  if (!/^[A-Za-z0-9_:][\w.:%-]*$/.test(address) || (user !== undefined && !/^[^\s@-][^\s@]*$/.test(user))) {
    return invalid('must be the SSH address of a host: `10.0.0.11`, `web-1`, `deploy@web-1` or `deploy@web-1:2222`')
  }
  const port = portText === undefined ? valid(undefined) : parsePort(portText)
  return port.ok ? valid({ user, address, port: port.value }) : port
}

/** A number, or a text of digits: pm2 deploy ignored numbers, and everybody who wrote one meant it. */
export function parsePort(raw: unknown): Parsed<number> {
  const port = typeof raw === 'string' && /^\d+$/.test(raw.trim()) ? Number(raw) : raw
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535
    ? valid(port)
    : invalid('must be a port, a number from 1 to 65535')
}

/** How a balancer's server list writes it: an IPv6 address stands in brackets. */
export function serverText(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `10.0.0.11:4000` as it is, or a port on the host itself. */
export function parseServer(raw: unknown): Parsed<{ readonly address: string | null; readonly port: number }> {
  const portAlone = parsePort(raw)
  if (portAlone.ok) return valid({ address: null, port: portAlone.value })
  const parsed = typeof raw === 'string' ? parseAddress(raw) : invalid('')
  if (!parsed.ok || parsed.value.port === undefined || parsed.value.user !== undefined) {
    return invalid('must be how the balancer knows this host: `10.0.0.11:4000`, or its port alone')
  }
  // nginx would take it for two servers, 127.0.0.1 and ::1.
  if (parsed.value.address === 'localhost') return invalid('must be an address: write `127.0.0.1` for `localhost`')
  return valid({ address: parsed.value.address, port: parsed.value.port })
}

function withoutPort(text: string): { readonly address: string; readonly portText?: string } {
  const [, bracketed, bracketedPort] = /^\[([^\]]*)\](?::(.*))?$/.exec(text) ?? []
  if (bracketed !== undefined) {
    return { address: bracketed, ...(bracketedPort === undefined ? {} : { portText: bracketedPort }) }
  }
  // Two colons without brackets: an IPv6 address, which has no room for a port.
  const [address = '', portText, more] = text.split(':')
  return portText === undefined || more !== undefined ? { address: text } : { address, portText }
}
