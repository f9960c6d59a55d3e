/** A fleet on this machine: tiny backends on loopback addresses, and the real nginx before them, with its own folder. */
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Balancer } from '../../src/balancers/balancer.ts'
import { switchLock } from '../../src/balancers/nginx-scripts.ts'
import { type SetupOptions, type SetupReport, setupNginx } from '../../src/balancers/nginx-setup.ts'
import { nginxSwitch } from '../../src/balancers/nginx-switch.ts'
import { defaultLimits } from '../../src/hosts/limits.ts'
import { shellLock } from '../../src/hosts/shell-lock.ts'
import { localHost } from './local-host.ts'

const run = promisify(execFile)

/** Without nginx these tests are skipped by name; in CI they fail instead. */
export const hasNginx = process.env.CI === 'true' || spawnSync('nginx', ['-v']).error === undefined

export interface Backend {
  readonly name: string
  readonly server: string
  isHealthy: boolean
  /** Requests that wait for `finishAll`. */
  readonly waiting: ServerResponse[]
  readonly finishAll: () => void
  readonly http: Server
}

export interface RealNginx {
  readonly folder: string
  readonly switchFolder: string
  /** `http://127.0.0.1:…`, the site. */
  readonly url: string
  readonly backends: readonly Backend[]
  readonly options: SetupOptions
  readonly setup: (options?: Partial<SetupOptions>) => Promise<SetupReport>
  readonly writeSite: (site: Site) => Promise<void>
  readonly reload: () => Promise<void>
  /** As the next deployer would make it; of another fleet, where hosts are named. */
  readonly open: (hosts?: readonly string[]) => Balancer
  readonly switchFile: () => Promise<string>
  readonly turnByHand: (file: string) => Promise<void>
  readonly workers: () => Promise<readonly string[]>
  readonly stop: () => Promise<void>
}

/** What stands in the http level and in the server of the user's site. */
export interface Site {
  readonly http: string
  readonly server: string
}

/** `machine` knows itself under another name than the hosts: they are all this machine. */
export const machine = localHost('nginx', '127.0.0.1')

export function switchedSite(folder: string, location = ''): Site {
  return {
    http: `include ${folder}/zdr/shop.upstreams.conf;`,
    server: `include ${folder}/zdr/shop.switch.conf;
    location / { proxy_set_header Host $host; ${location} proxy_pass http://$zdr_shop; }`,
  }
}

export async function startNginx(): Promise<RealNginx> {
  const folder = await mkdtemp(join(tmpdir(), 'zdr-nginx-'))
  await chmod(folder, 0o755)
  const backends = await Promise.all(['127.0.0.11', '127.0.0.12', '127.0.0.13'].map(startBackend))
  const [port = 0, statusPort = 0] = await freePorts(2)
  const conf = join(folder, 'nginx.conf')
  const switchFolder = join(folder, 'lib/shop')
  const options: SetupOptions = {
    members: backends.map(({ name, server }) => ({ name, server })),
    batches: backends.map(({ name }) => [name]),
    upstream: 'shop',
    statusPort,
    folder: switchFolder,
    configFolder: join(folder, 'zdr'),
    owner: userInfo().username,
    nginxConfig: conf,
    limit: { timeoutMs: 60_000 },
  }
  const words = ['-c', conf, '-p', folder, '-e', join(folder, 'error.log')]
  const plain = backends.map(({ server }) => `server ${server};`).join(' ')
  const real: RealNginx = {
    folder,
    switchFolder,
    url: `http://127.0.0.1:${port}`,
    backends,
    options,
    setup: (more = {}) => setupNginx(machine, { ...options, ...more }),
    writeSite: ({ http, server }) =>
      writeFile(
        conf,
        `worker_processes 2;
pid ${folder}/nginx.pid;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  upstream shop { ${plain} }
  ${http}
  server {
    listen 127.0.0.1:${port};
    ${server}
  }
}
`,
      ),
    reload: async () => void (await run('nginx', [...words, '-s', 'reload'])),
    open: (hosts = backends.map(({ name }) => name)) =>
      nginxSwitch({
        machine,
        members: backends
          .filter(({ name }) => hosts.includes(name))
          .map(({ name, server }) => ({ host: localHost(name), server })),
        batches: hosts.map((name) => [name]),
        upstream: 'shop',
        statusPort,
        folder: switchFolder,
        lock: shellLock({
          host: machine,
          place: switchLock({ upstream: 'shop', folder: switchFolder }),
          limit: defaultLimits.step,
        }),
        limits: defaultLimits,
        reach: async (_, server) => {
          const answer = await fetch(`http://${server}/health`, { headers: { connection: 'close' } })
          return { healthy: answer.ok, detail: String(answer.status) }
        },
        clock: { now: () => performance.now(), sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      }),
    switchFile: async () =>
      (await readdir(switchFolder)).find((name) => name === 'in' || name.startsWith('out_')) ?? '',
    turnByHand: async (file) => rename(join(switchFolder, await real.switchFile()), join(switchFolder, file)),
    workers: async () => {
      const { stdout } = await run('sh', ['-c', `cat /proc/$(cat ${folder}/nginx.pid)/task/*/children`])
      return stdout.trim().split(/\s+/)
    },
    stop: async () => {
      // Not by `nginx -s stop`: that reads the configuration first, and a test may have broken it.
      process.kill(Number(await readFile(join(folder, 'nginx.pid'), 'utf8')), 'SIGTERM')
      for (const { http, finishAll } of backends) {
        finishAll()
        http.closeAllConnections()
        http.close()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
  await mkdir(join(folder, 'zdr'))
  await real.writeSite({ http: '', server: 'location / { proxy_set_header Host $host; proxy_pass http://shop; }' })
  await run('nginx', words)
  return real
}

/** Set up, with a site that uses the switch; `location` stands in it too. */
export async function startSwitched(location = ''): Promise<RealNginx> {
  const nginx = await startNginx()
  await nginx.setup()
  await nginx.writeSite(switchedSite(nginx.folder, location))
  const report = await nginx.setup()
  if (!report.live) throw new Error(`setup is not live: ${JSON.stringify(report)}`)
  return nginx
}

/** `/slow` answers when the test says so; everything else at once, with the host's name. */
async function startBackend(address: string): Promise<Backend> {
  const waiting: ServerResponse[] = []
  const http = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const answer = (): void => {
      if (request.url === '/slow') waiting.push(response)
      else response.writeHead(request.url === '/health' && !backend.isHealthy ? 500 : 200).end(backend.name)
    }
    request.resume().on('end', answer)
  })
  // Without an address, as most apps do: connections then appear with IPv6-mapped addresses.
  http.listen(0)
  await once(http, 'listening')
  const backend: Backend = {
    name: `host-${address.split('.').at(-1)}`,
    server: `${address}:${(http.address() as AddressInfo).port}`,
    isHealthy: true,
    waiting,
    finishAll: () => {
      for (const response of waiting.splice(0)) response.end(backend.name)
    },
    http,
  }
  return backend
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  return servers.map((server) => {
    const { port } = server.address() as AddressInfo
    server.close()
    return port
  })
}
