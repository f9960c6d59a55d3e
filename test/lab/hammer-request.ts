import { createHash } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'
import type { Kind } from './hammer-counts.ts'

export interface Target {
  readonly url: URL
  readonly keepAlive: http.Agent
  readonly timeoutMs: number
}

export interface Answer {
  /** What was wrong; null where everything was right. */
  readonly what: string | null
  readonly version: string | null
  readonly host: string | null
}

/** The body of a slow request arrives in so many parts, over so long. */
const BODY_PARTS = 6
const BODY_MS = 3_000
const LATEST_ASK_MS = 3_000

/** Makes one request of that kind, whose body and waiting time follow from its number. Never rejects. */
export function request(target: Target, kind: Kind, number: number): Promise<Answer> {
  const small = Buffer.from(`order ${number}`)
  switch (kind) {
    case 'keep-alive-get':
      return exchange(target, { method: 'GET', path: '/', agent: target.keepAlive })
    case 'fresh-post':
      return exchange(target, { method: 'POST', path: '/echo', agent: false, body: [small], overMs: 0 })
    case 'slow-post':
      return exchange(target, { method: 'POST', path: '/slow', agent: false, body: [small], overMs: 0 })
    case 'slow-body': {
      const body = Array.from({ length: BODY_PARTS }, (_, part) =>
        Buffer.from(`part ${part} of ${number}\n`.repeat(50)),
      )
      return exchange(target, { method: 'POST', path: '/echo', agent: false, body, overMs: BODY_MS })
    }
    case 'late-ask':
      return askLate(target, (number * 379) % LATEST_ASK_MS)
  }
}

interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly agent: http.Agent | false
  readonly socket?: net.Socket
  /** Parts that are sent evenly over the time. */
  readonly body?: readonly Buffer[]
  readonly overMs?: number
}

function exchange(target: Target, { method, path, agent, socket, body = [], overMs = 0 }: Exchange): Promise<Answer> {
  return new Promise((resolve) => {
    const whole = Buffer.concat(body)
    const headers = method === 'POST' ? { 'Content-Length': whole.length } : {}
    const via = socket === undefined ? { agent } : { createConnection: () => socket }
    const outgoing = http.request(target.url, { method, path, headers, ...via })
    let answered: http.IncomingMessage | null = null
    const settle = (what: string | null) => {
      clearTimeout(tooLate)
      outgoing.destroy()
      resolve({ what, version: header(answered, 'x-version'), host: header(answered, 'x-host') })
    }
    const tooLate = setTimeout(() => settle('no whole answer in time'), target.timeoutMs)
    outgoing.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
    outgoing.on('response', (response) => {
      answered = response
      const parts: Buffer[] = []
      response.on('data', (part) => parts.push(part))
      response.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
      response.on('end', () => {
        // A socket of the agent must not be destroyed when it goes back; `settle` is too rough for that.
        clearTimeout(tooLate)
        const what = fault(response, Buffer.concat(parts).toString(), method === 'POST' ? whole : null)
        resolve({ what, version: header(response, 'x-version'), host: header(response, 'x-host') })
      })
    })
    send(outgoing, body, overMs)
  })
}

function send(outgoing: http.ClientRequest, body: readonly Buffer[], overMs: number): void {
  const [first, ...rest] = body
  if (first === undefined || outgoing.destroyed) return void outgoing.end()
  if (rest.length === 0) return void outgoing.end(first)
  outgoing.write(first)
  const waitMs = overMs / rest.length
  setTimeout(() => send(outgoing, rest, overMs - waitMs), waitMs)
}

/** A client that opened its connection before it knows what to ask: browsers do it. */
function askLate(target: Target, waitMs: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect(Number(target.url.port || 80), target.url.hostname)
    const fail = (error: NodeJS.ErrnoException) =>
      resolve({ what: `before asking: ${error.code ?? error.message}`, version: null, host: null })
    const closed = () => resolve({ what: 'closed before asking', version: null, host: null })
    socket.on('error', fail)
    socket.on('close', closed)
    socket.setTimeout(target.timeoutMs, () => socket.destroy())
    socket.on('connect', () =>
      setTimeout(() => {
        if (socket.destroyed) return
        socket.off('error', fail).off('close', closed)
        resolve(exchange(target, { method: 'GET', path: '/', agent: false, socket }))
      }, waitMs),
    )
  })
}

/** What is wrong with an answer: it must be a 200, of one version and host in header and body, and about our own body. */
function fault(response: http.IncomingMessage, text: string, sent: Buffer | null): string | null {
  if (!response.complete) return 'the answer was cut off'
  if (response.statusCode !== 200) return `status ${response.statusCode}`
  const about = sent === null ? {} : { length: sent.length, sha256: createHash('sha256').update(sent).digest('hex') }
  const version = header(response, 'x-version')
  const host = header(response, 'x-host')
  const expected = `${JSON.stringify({ version, host, ...about })}\n`
  return version !== null && host !== null && text === expected ? null : `wrong body: ${text.slice(0, 200)}`
}

function header(response: http.IncomingMessage | null, name: string): string | null {
  const value = response?.headers[name]
  return typeof value === 'string' ? value : null
}
