import type { Host } from '../hosts/host.ts'
import { quote } from '../hosts/shell.ts'

/** For how many seconds the server keeps an idle connection, as it says itself (`Keep-Alive: timeout=5`); null where it does not. */
export async function keepAliveSeconds(host: Host, url: string, timeoutMs: number): Promise<number | null> {
  const ask = `curl -q -sS -g --noproxy '*' -o /dev/null -D - --max-time ${timeoutMs / 1000} -- ${quote(url)} 2>/dev/null\n`
  const { stdout } = await host.run(ask, { timeoutMs: timeoutMs + graceMs })
  const seconds = /^keep-alive:.*\btimeout=(\d+)/im.exec(stdout)?.[1]
  return seconds === undefined ? null : Number(seconds)
}

/** For the way to the host, and a shell there. */
const graceMs = 10_000
