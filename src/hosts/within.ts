import type { Host } from './host.ts'

/** The same machine, with `preamble` (a script: exports of PATH and the like) before every script that is run there. */
export function within(host: Host, preamble: string): Host {
  return {
    name: host.name,
    address: host.address,
    run: (script, options) => host.run(`${preamble}\n${script}`, options),
    hold: (script) => host.hold(`${preamble}\n${script}`),
    close: () => host.close(),
  }
}
