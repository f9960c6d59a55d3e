// Runs on a host, as `node -e "$(this)" -- '{"path","files"}'`: what pm2 runs of one app, and what its ecosystem files
// say. pm2's own list is boiled down here, because it holds every secret of every app's environment.
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const { createRequire } = require('node:module')
const net = require('node:net')
const path = require('node:path')
const { pathToFileURL } = require('node:url')
const vm = require('node:vm')

const asked = JSON.parse(process.argv.at(-1))
const base = asked.path.replace(/^~(?=\/|$)/, process.env.HOME)
const listMaxBytes = 256 * 1024 * 1024

main().catch((error) => {
  console.error(String(error.stack || error))
  process.exit(1)
})

async function main() {
  const read = []
  for (const { file, directory } of asked.files) read.push(await readEcosystem(file, directory))
  // An ecosystem file may print things, and leave things running.
  fs.writeSync(1, `\nzdr-pm2:${JSON.stringify({ processes: isDaemonUp() ? await list() : [], files: read })}\n`)
  process.exit(0)
}

/** Asking pm2 for its list would start its daemon: to look must change nothing. */
function isDaemonUp() {
  const home = pm2Home()
  if (fs.existsSync(path.join(home, 'rpc.sock'))) return true
  try {
    process.kill(Number(fs.readFileSync(path.join(home, 'pm2.pid'), 'utf8')), 0)
    return true
  } catch {
    return false
  }
}

function pm2Home() {
  return process.env.PM2_HOME || path.join(process.env.HOME, '.pm2')
}

async function list() {
  const all = (await daemonsList()) ?? printedList()
  const listed = all.filter((entry) => !entry.pm2_env.pmx_module).map(boilDown)
  return [...listed, ...forgotten(all.map(({ pid }) => pid))].map(markMine)
}

/**
 * Asked of the daemon as `pm2 jlist` asks it, which takes 0.2 s to start: one message to its socket, one from it, each
 * of AMP (https://github.com/tj/node-amp): version and number of parts, and each part with its length before it. null
 * where it cannot be asked so.
 */
function daemonsList() {
  const call = { type: 'call', method: 'getMonitorData', args: [{}] }
  return new Promise((resolve) => {
    const socket = net.connect(path.join(pm2Home(), 'rpc.sock'))
    let got = Buffer.alloc(0)
    socket.on('error', () => resolve(null))
    socket.on('close', () => resolve(null))
    socket.on('data', (chunk) => {
      got = Buffer.concat([got, chunk])
      const end = got.length < 5 ? Number.POSITIVE_INFINITY : 5 + got.readUInt32BE(1)
      if (got.length < end) return
      resolve(listIn(got.subarray(5, end).toString()))
      socket.destroy()
    })
    socket.write(Buffer.concat([Buffer.of(0x12), part(`j:${JSON.stringify(call)}`), part('s:zdr:0')]))
  })
}

function part(text) {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(Buffer.byteLength(text))
  return Buffer.concat([length, Buffer.from(text)])
}

/** A part that holds JSON says so by its first two letters. */
function listIn(answer) {
  try {
    const [list] = JSON.parse(answer.slice(2)).args
    return Array.isArray(list) ? list : null
  } catch {
    return null
  }
}

function printedList() {
  const options = {
    cwd: process.env.HOME,
    maxBuffer: listMaxBytes,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }
  // Banners may stand before the list, which is one line.
  const lines = execFileSync('pm2', ['jlist', '--silent'], options).trim().split('\n')
  const line = lines.reverse().find((text) => text.startsWith('['))
  if (line === undefined) throw new Error('pm2 jlist printed no list')
  return JSON.parse(line)
}

/**
 * A reload of an app that is crashing can lose a worker: pm2's list does not have it any more, no pm2 command reaches
 * it, and it goes on answering with the old release.
 */
function forgotten(known) {
  const daemon = daemonPid()
  if (daemon === null) return []
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === daemon && !known.includes(Number(name)))
    .filter((name) => /node|pm2/i.test(commandOf(name)))
    .map((name) => forgottenEntry(Number(name)))
}

function forgottenEntry(pid) {
  const nothing = {
    script: null,
    toldCwd: null,
    toldScript: null,
    startedLateMs: 0,
    upMs: 0,
    killTimeoutMs: 0,
    waitReady: null,
    unstableRestarts: 0,
  }
  const logs = { out: null, error: null }
  const name = 'a worker that pm2 has forgotten'
  return {
    ...nothing,
    name,
    pid,
    status: 'online',
    mode: 'unknown',
    cwd: link(`/proc/${pid}/cwd`),
    restsByDesign: false,
    logs,
    forgotten: true,
  }
}

function daemonPid() {
  try {
    return Number(fs.readFileSync(path.join(pm2Home(), 'pm2.pid'), 'utf8')) || null
  } catch {
    return null
  }
}

function parentOf(pid) {
  try {
    // Behind the name, which stands in brackets and may hold anything: state, parent.
    return Number(
      fs
        .readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ')[1],
    )
  } catch {
    return null
  }
}

function commandOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

function boilDown({ name, pid, pm2_env: env }) {
  return {
    name,
    pid: pid && fs.existsSync(`/proc/${pid}`) ? pid : 0,
    status: env.status,
    mode: env.exec_mode,
    cwd: pid ? link(`/proc/${pid}/cwd`) : null,
    script: real(env.pm_exec_path),
    toldCwd: env.pm_cwd || null,
    toldScript: env.pm_exec_path || null,
    // pm2 sets created_at when it is told to start, and pm_uptime whenever it does: later means by itself.
    startedLateMs: env.created_at ? Math.max(0, env.pm_uptime - env.created_at) : null,
    upMs: env.pm_uptime ? Math.max(0, Date.now() - env.pm_uptime) : 0,
    killTimeoutMs: Number(env.kill_timeout) || 0,
    waitReady: env.wait_ready === true,
    unstableRestarts: env.unstable_restarts || 0,
    restsByDesign: env.autostart === false || (env.autorestart === false && env.exit_code === 0),
    logs: { out: log(env.pm_out_log_path), error: log(env.pm_err_log_path) },
  }
}

/** null: there is none, or nobody wrote to it yet. */
function log(file) {
  try {
    const { size, mtimeMs } = fs.statSync(file)
    return size > 0 ? { file, ageMs: Date.now() - mtimeMs } : null
  } catch {
    return null
  }
}

function markMine(entry) {
  const roots = [base, real(base)].filter(Boolean)
  const places = [entry.cwd, entry.script, entry.toldCwd, entry.toldScript].filter(Boolean)
  return {
    ...entry,
    inBase: places.some((place) => roots.some((root) => place === root || place.startsWith(`${root}/`))),
  }
}

/** As pm2 reads it. null: it is not there, or cannot be read; then pm2 will say so itself. */
async function readEcosystem(file, directory) {
  try {
    process.chdir(directory)
    const config = await load(file)
    const apps = config.apps || config.pm2 || config
    return (Array.isArray(apps) ? apps : [apps]).filter((app) => app?.script).map((app) => readApp(app, directory))
  } catch (error) {
    if (error.code !== 'ENOENT') console.error(`${file}: ${error.message}`)
    return null
  }
}

function readApp(app, directory) {
  return {
    name: String(app.name || path.parse(app.script).name),
    suffixedByEnv: Boolean(app.append_env_to_name),
    cwd: app.cwd ? path.resolve(directory, app.cwd) : null,
    inCluster: isInCluster(app),
    restsByDesign: app.autostart === false || app.autorestart === false,
  }
}

/** As pm2 decides it: where nothing is said, a script of Node's with a number of instances. */
function isInCluster({ exec_mode: mode, instances, interpreter, script }) {
  if (mode) return /^cluster/.test(mode)
  return Number(instances) >= -1 && !interpreter && /\.[cm]?js$/.test(script)
}

async function load(file) {
  if (/\.config\.[cm]?js/.test(file)) {
    fs.accessSync(file)
    const found = await import(pathToFileURL(file))
    return found.default || found
  }
  const text = fs.readFileSync(file, 'utf8')
  if (/\.ya?ml/.test(file)) return pm2sOwn('js-yaml').load(text)
  return vm.runInNewContext(`(${text})`)
}

function pm2sOwn(name) {
  const folders = process.env.PATH.split(':').map((folder) => real(path.join(folder, 'pm2')))
  return createRequire(folders.find(Boolean))(name)
}

function real(place) {
  try {
    return fs.realpathSync(place)
  } catch {
    return null
  }
}

function link(place) {
  try {
    return fs.readlinkSync(place)
  } catch {
    return null
  }
}
