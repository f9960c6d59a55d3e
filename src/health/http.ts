/** Asks an app's health over HTTP, on the machine itself: with curl, else GNU wget, else node. */
import type { CommandResult, Host } from '../hosts/host.ts'
import { quote } from '../hosts/shell.ts'
import type { Answer, Health } from './health.ts'

export interface HttpHealthOptions {
  readonly url: string
  /** Accepted statuses; null: 200–299. Redirects are answers like others, and are not followed. */
  readonly statuses: readonly number[] | null
  readonly timeoutMs: number
}

/** Beyond the question's own limit, for what is around it (a slow start of node, the connection to the host). */
const graceMs = 10_000
const mark = 'zdr-health'

export function httpHealth({ url, statuses, timeoutMs }: HttpHealthOptions): Health {
  return {
    check: async (host: Host, otherUrl?: string): Promise<Answer> => {
      const result = await host.run(healthScript(otherUrl ?? url, timeoutMs), { timeoutMs: timeoutMs + graceMs })
      return readAnswer(result, { statuses, timeoutMs })
    },
  }
}

/** Prints one line: the tool, its exit status, the HTTP status (0 for none), the milliseconds. Why not, on stderr. */
export function healthScript(url: string, timeoutMs: number): string {
  const seconds = String(timeoutMs / 1000)
  const wholeSeconds = Math.ceil(timeoutMs / 1000)
  return `export LC_ALL=C
url=${quote(url)}
if command -v curl >/dev/null 2>&1; then
  said=$(curl -q -sS -g --noproxy '*' -o /dev/null --max-time ${seconds} -w '%{http_code} %{time_total}' -- "$url")
  printf '${mark} curl %s %s\\n' "$?" "$said"
elif wget --version 2>/dev/null | grep -q '^GNU' && command -v timeout >/dev/null 2>&1; then
  said=$(timeout ${wholeSeconds} wget --no-config --no-proxy --no-hsts --tries=1 --max-redirect=0 -S -O /dev/null -- "$url" 2>&1)
  code=$?
  printf '%s\\n' "$said" >&2
  printf '${mark} wget %s %s\\n' "$code" "$(printf '%s\\n' "$said" | sed -n 's/^ *HTTP\\/[0-9.]* \\([0-9]*\\).*/\\1/p' | tail -n 1)"
elif command -v node >/dev/null 2>&1; then
  node -e ${quote(askWithNode)} "$url" ${timeoutMs}
else
  echo 'neither curl, GNU wget nor node is on the PATH' >&2
fi
`
}

/** Pure: what came of it, in words. */
export function readAnswer(
  result: Pick<CommandResult, 'stdout' | 'stderr' | 'timedOut'>,
  { statuses, timeoutMs }: Pick<HttpHealthOptions, 'statuses' | 'timeoutMs'>,
): Answer {
  const tooLate: Answer = { healthy: false, detail: `no answer within ${timeoutMs / 1000} s` }
  if (result.timedOut) return tooLate
  const line = result.stdout.split('\n').findLast((text) => text.startsWith(`${mark} `)) ?? ''
  const [, tool, exit, code, seconds] = line.split(' ')
  if (exit !== undefined && exit === timeoutExits.get(tool ?? '')) return tooLate
  const status = Number(code ?? 0)
  // wget ends badly for every status other than 2xx: that is an answer all the same.
  const whole = exit === '0' || (tool === 'wget' && exit === wgetServerError)
  if (status > 0 && whole) {
    const healthy = statuses === null ? status >= 200 && status <= 299 : statuses.includes(status)
    const took = seconds === undefined || seconds === '' ? '' : ` in ${Math.round(Number(seconds) * 1000)} ms`
    return { healthy, detail: `${status}${took}` }
  }
  return { healthy: false, detail: reason(result.stderr) }
}

const timeoutExits: ReadonlyMap<string, string> = new Map([
  ['curl', '28'],
  ['wget', '124'],
  ['node', '28'],
])
const wgetServerError = '8'

function reason(stderr: string): string {
  if (/connection refused|failed to connect|ECONNREFUSED|couldn't connect/i.test(stderr)) return 'connection refused'
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return last === '' ? 'no answer' : last.replace(/^curl: \(\d+\) /, '')
}

const askWithNode = `const [url, timeoutMs] = process.argv.slice(1)
const began = Date.now()
const say = (exit, status) => console.log('${mark} node', exit, status, (Date.now() - began) / 1000)
fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(Number(timeoutMs)) })
  .then(async (response) => { await response.arrayBuffer(); say(0, response.status) })
  .catch((error) => {
    const cause = error.cause ?? error
    console.error(cause.code ?? cause.message)
    say(error.name === 'TimeoutError' ? 28 : 1, 0)
  })
  .finally(() => process.exit())`
