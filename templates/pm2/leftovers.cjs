// Runs on a host, as `node -e "$(this)" -- find|wait '{"pids","port","base","isCrashing","sockets","graceMs",
// "endMs"}'`: what keeps the port of an app when pm2 has ended the app's own process. By /proc: pm2 knows nothing of it.
const fs = require('node:fs')
const path = require('node:path')

const pollMs = 100
const commandMax = 160
const LISTEN = '0A'

const [what, text] = process.argv.slice(-2)
const asked = JSON.parse(text)
if (what === 'find') find()
else void wait()

/** Before the app is stopped: prints what is to be waited for then; ends with 1 where there is nothing. */
function find() {
  const ports = listening()
  const held = holders(ports)
  const own = ownSockets(ports, held)
  const isShared = [...held].some(([pid, sockets]) => !asked.pids.includes(pid) && sockets.some((one) => own.has(one)))
  if (!isShared && orphans(ports, held).length === 0) process.exit(1)
  process.stdout.write(JSON.stringify({ ...asked, sockets: isShared ? [...own] : [] }))
}

/**
 * What the app listens on: its own processes, and, where they only start what does (‘npm start’), whatever of their
 * children has the app's port. Another socket that a child opened is the child's own.
 */
function ownSockets(ports, held) {
  const family = familyOf(asked.pids)
  const isOwn = (pid, socket) => asked.pids.includes(pid) || (family.has(pid) && ports.get(socket) === asked.port)
  return new Set([...held].flatMap(([pid, sockets]) => sockets.filter((socket) => isOwn(pid, socket))))
}

/**
 * The app is stopped. Who still has a socket that it listened on has got it from the app, and from nobody else: it gets
 * time to end by itself, and is ended then. Who only stands in the app's folder may have been started by hand, because
 * the app did not run: it is waited for, and told.
 */
async function wait() {
  const { graceMs, endMs } = asked
  const first = leftovers()
  if (first.ports.length === 0) return
  console.log(`port ${first.ports.join(', ')} is waited for: ${wordsOf(first)} still has it`)
  if (await isFreeWithin(graceMs, null)) return
  // Nothing may be ended where nobody has the app's own socket.
  for (const signal of leftovers().heirs.length > 0 ? ['SIGTERM', 'SIGKILL'] : [])
    if (await isFreeWithin(endMs, signal)) return
  const last = leftovers()
  if (last.ports.length === 0) return
  console.error(`zdr-port: port ${last.ports.join(', ')} is still held by ${wordsOf(last)}`)
  process.exit(1)
}

/** Whoever has the app's socket meanwhile is sent the signal, once. */
async function isFreeWithin(ms, signal) {
  const sent = new Set()
  for (const untilMs = Date.now() + ms; Date.now() < untilMs; ) {
    const { ports, heirs } = leftovers()
    if (ports.length === 0) return true
    for (const pid of signal === null ? [] : heirs.filter((heir) => !sent.has(heir))) end(pid, signal)
    for (const pid of heirs) sent.add(pid)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return false
}

function leftovers() {
  const ports = listening()
  const held = holders(ports)
  const sockets = asked.sockets.filter((socket) => ports.has(socket))
  const having = [...held].filter(([, own]) => own.some((one) => sockets.includes(one))).map(([pid]) => pid)
  const strays = orphans(ports, held).filter((pid) => !having.includes(pid))
  return {
    ports: [...new Set([...sockets.map((socket) => ports.get(socket)), ...strays.map(() => asked.port)])],
    heirs: having.filter((pid) => !isManaged(pid)),
    others: [...having.filter(isManaged), ...strays],
  }
}

/** They have the port of an app that cannot start, and stand in its folder, and no pm2 runs them. */
function orphans(ports, held) {
  const { port, base, isCrashing } = asked
  if (port === null || !isCrashing) return []
  return [...held]
    .filter(([pid, own]) => own.some((one) => ports.get(one) === port) && `${cwdOf(pid)}/`.startsWith(`${base}/`))
    .map(([pid]) => pid)
    .filter((pid) => !isManaged(pid))
}

function end(pid, signal) {
  console.log(`${signal} to ${wordOf(pid)}, which the app left behind`)
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile, or is another user's.
  }
}

/** Inode → port. */
function listening() {
  const lines = ['tcp', 'tcp6'].flatMap((kind) => read(`/proc/net/${kind}`).split('\n').slice(1))
  const rows = lines.map((line) => line.trim().split(/\s+/)).filter((row) => row[3] === LISTEN)
  return new Map(rows.map((row) => [row[9], Number.parseInt(row[1].split(':').at(-1), 16)]))
}

/** Pid → its listening sockets. Of another user's processes nothing can be seen. */
function holders(ports) {
  const held = processes().map((pid) => [pid, socketsOf(pid).filter((socket) => ports.has(socket))])
  return new Map(held.filter(([, sockets]) => sockets.length > 0))
}

function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`
  return list(folder).flatMap((fd) => /^socket:\[(\d+)\]$/.exec(link(path.join(folder, fd)))?.[1] ?? [])
}

/** With all that they started, and that these did. */
function familyOf(pids) {
  const parents = new Map(processes().map((pid) => [pid, parentOf(pid)]))
  const family = new Set(pids)
  for (let before = 0; before !== family.size; ) {
    before = family.size
    for (const [pid, parent] of parents) if (family.has(parent)) family.add(pid)
  }
  return family
}

/** By any pm2: it or one of its forebears is a daemon of it. */
function isManaged(pid) {
  for (let at = pid; at > 0; at = parentOf(at)) if (/^PM2 v.*God Daemon/.test(commandOf(at))) return true
  return false
}

function processes() {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function parentOf(pid) {
  return Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0)
}

function wordsOf({ heirs, others }) {
  const pids = [...heirs, ...others]
  return pids.length === 0 ? 'a process of another user' : pids.map(wordOf).join(', ')
}

function wordOf(pid) {
  return `pid ${pid} (${commandOf(pid).slice(0, commandMax)})`
}

function commandOf(pid) {
  return read(`/proc/${pid}/cmdline`).replace(/\0+/g, ' ').trim()
}

function cwdOf(pid) {
  return link(`/proc/${pid}/cwd`)
}

function read(file) {
  return attempt(() => fs.readFileSync(file, 'utf8'), '')
}

function list(folder) {
  return attempt(() => fs.readdirSync(folder), [])
}

function link(place) {
  return attempt(() => fs.readlinkSync(place), '')
}

/** A process may end while it is looked at. */
function attempt(look, nothing) {
  try {
    return look()
  } catch {
    return nothing
  }
}
