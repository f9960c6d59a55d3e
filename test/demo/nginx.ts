/** The real nginx, run by whoever runs this, with every file of its own in one folder. */
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Nginx {
  readonly url: string
  /** The main file. */
  readonly config: string
  /** Changes the site as the README tells: three lines. `setup` makes them live. */
  useSwitch(): Promise<void>
}

export interface NginxOptions {
  readonly folder: string
  readonly port: number
  readonly servers: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const START_TIMEOUT_MS = 10_000
const POLL_MS = 50

/** Starts nginx with a site as anybody has one. Resolves when it answers. */
export async function startNginx({ folder, port, servers, env }: NginxOptions): Promise<Nginx> {
  const config = join(folder, 'nginx.conf')
  const write = (site: Site) => writeFile(config, configText({ folder, port, site }))
  await mkdir(folder)
  await write({
    pools: `upstream shop { ${servers.map((server) => `server ${server};`).join(' ')} }`,
    choice: '',
    target: 'http://shop',
  })
  const child = spawn('nginx', ['-c', config, '-p', folder], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (text) => {
    said += String(text)
  })
  child.on('error', (error) => {
    said += error.message
  })
  const url = `http://127.0.0.1:${port}`
  for (let waitedMs = 0; !(await answers(url)); waitedMs += POLL_MS) {
    if (child.exitCode !== null || waitedMs >= START_TIMEOUT_MS) throw new Error(`nginx did not start:\n${said}`)
    await sleep(POLL_MS)
  }
  return {
    url,
    config,
    useSwitch: () =>
      write({
        pools: `include ${folder}/zdr-deploy/shop.upstreams.conf;`,
        choice: `include ${folder}/zdr-deploy/shop.switch.conf;`,
        target: 'http://$zdr_shop',
      }),
  }
}

/** Any answer: no app runs behind it yet. */
function answers(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => resolve(response.resume() === response))
    request.on('error', () => resolve(false))
  })
}

interface Site {
  readonly pools: string
  readonly choice: string
  readonly target: string
}

/** Root's workers stay root: the folder is root's alone. Idle clients are kept, so that a closed connection is a failure. */
function configText({ folder, port, site }: { readonly folder: string; readonly port: number; readonly site: Site }) {
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 2;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;

events {
  worker_connections 512;
}

http {
  access_log off;
  keepalive_timeout 1800s;
  client_body_temp_path ${folder}/client-body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;

  ${site.pools}

  server {
    listen 127.0.0.1:${port};
    ${site.choice}

    location / {
      proxy_pass ${site.target};
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header Connection "";
    }
  }
}
`
}
