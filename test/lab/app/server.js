// The shop: a Node app as it should be, and, by release.json, as it should not be.
const { spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const http = require('node:http')
const os = require('node:os')
const { version, behaviour: written, on } = require('./release.json')

const host = os.hostname()
const behaviour = on === undefined || on === host ? written : 'good'

const BOOT_MS = behaviour === 'slow-boot' ? 8_000 : Number(process.env.BOOT_MS ?? 300)
const SLOW_MS = 2_000
const LIFE_MS = 2_000
const WELL_MS = 6_000
const LEAK_SECONDS = 5
const EXIT_DEADLINE_MS = 4_500
const CLOSE_IDLE_EVERY_MS = 100

if (behaviour === 'throws-at-boot') throw new Error(`${version} cannot boot`)

const open = new Set()
let closing = false
let ill = false
let hasUsers = false
const server = http.createServer(answer)

process.on('SIGINT', behaviour === 'ignores-sigint' ? () => {} : close)
setTimeout(listen, BOOT_MS)

function listen() {
  // A timer keeps it alive, with a port that nobody opened.
  if (behaviour === 'never-listens') return setInterval(() => {}, SLOW_MS)
  const ready = behaviour === 'never-says-ready' ? () => {} : () => process.send?.('ready')
  server.listen(Number(process.env.PORT ?? 4000), ready)
  if (behaviour === 'leaks-its-port') server.on('listening', leak)
  if (behaviour === 'dies-after-2s') setTimeout(() => process.exit(1), LIFE_MS)
}

// A process that nobody knows of has the port as well, and keeps it when the app has ended.
function leak() {
  const keep = `while kill -0 ${process.pid}; do sleep 0.1; done; sleep ${LEAK_SECONDS}`
  const own = { detached: true, stdio: ['ignore', 'ignore', 'ignore', server._handle.fd] }
  spawn('sh', ['-c', `{ ${keep}; } &`], own).unref()
}

// Counted from the first user: out of rotation there is none, however long a busy machine takes to verify it.
function fallIllWithUsers(request) {
  if (behaviour !== 'ill-after-6s' || hasUsers || request.url === '/health') return
  hasUsers = true
  setTimeout(() => {
    ill = true
  }, WELL_MS)
}

async function answer(request, response) {
  fallIllWithUsers(request)
  open.add(response)
  response.on('close', () => open.delete(response))
  response.setHeader('x-version', version)
  response.setHeader('x-host', host)
  if (closing) response.setHeader('Connection', 'close')
  try {
    const [status, body] = await route(request)
    response.writeHead(behaviour === 'answers-500' ? 500 : status, { 'Content-Type': 'application/json' })
    response.end(`${JSON.stringify({ version, host, ...body })}\n`)
  } catch {
    // The client went away while its body was on its way.
    response.destroy()
  }
}

async function route(request) {
  switch (`${request.method} ${request.url}`) {
    case 'GET /health':
      return [ill ? 500 : 200, {}]
    case 'GET /':
    case 'GET /version':
      return [200, {}]
    case 'POST /echo':
      return [200, await digest(request)]
    case 'POST /slow': {
      const body = await digest(request)
      await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
      return [200, body]
    }
    default:
      return [404, {}]
  }
}

async function digest(request) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of request) {
    hash.update(chunk)
    length += chunk.length
  }
  return { length, sha256: hash.digest('hex') }
}

// `server.close()` alone leaves a connection whose response is under way open, and the exit waits for it.
function close() {
  if (closing) return
  closing = true
  for (const response of open) if (!response.headersSent) response.setHeader('Connection', 'close')
  server.close(() => process.exit(0))
  setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
  setTimeout(() => process.exit(1), EXIT_DEADLINE_MS)
}
