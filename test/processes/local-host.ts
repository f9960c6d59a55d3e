import type { Host } from '../../src/hosts/host.ts'
import { localHost as local } from '../../src/hosts/local-host.ts'

/** This machine as a host, at home where `env` says. */
export function localHost(env: Readonly<Record<string, string>> = {}): Host {
  const whole = { ...process.env, ...env }
  return local({ name: 'local', address: '127.0.0.1', env: whole, home: whole.HOME ?? '/' })
}
