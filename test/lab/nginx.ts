import { readFile, writeFile } from 'node:fs/promises'
import type { Machine } from './machine.ts'
import { replaceOnce } from './replace-once.ts'

/** The site on the balancer: as its owner wrote it, and as our README tells them to change it. */
export interface Site {
  /** The file, on the balancer. */
  readonly path: string
  /** Changes the site so that our switch decides, then tests it and reloads nginx (not with `reload: false`). */
  useSwitch(options?: { readonly reload?: boolean }): Promise<void>
  /** Tests the configuration and reloads nginx, as root. Rejects with nginx's words. */
  reload(): Promise<void>
}

const SITE = '/etc/nginx/sites-available/shop'
const INCLUDES = '/etc/nginx/zdr-deploy'

export const NGINX_PREPARE = `
rm -f /etc/nginx/sites-enabled/*
ln -s ${SITE} /etc/nginx/sites-enabled/shop`

export const NGINX_SERVICES = 'nginx'

/** Idle clients are kept for longer than any test lasts, so that a connection that closes is a failure and no chance. */
export function nginxFiles(servers: readonly string[]): Record<string, string> {
  return { '/etc/nginx/nginx.conf': NGINX_CONF, [SITE]: siteText(servers) }
}

const NGINX_CONF = `user www-data;
worker_processes 2;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;
include /etc/nginx/modules-enabled/*.conf;

events {
	worker_connections 1024;
}

http {
	sendfile on;
	tcp_nopush on;
	types_hash_max_size 2048;
	keepalive_timeout 1800s;

	include /etc/nginx/mime.types;
	default_type application/octet-stream;
	access_log /var/log/nginx/access.log;

	include /etc/nginx/conf.d/*.conf;
	include /etc/nginx/sites-enabled/*;
}
`

const LISTEN = '\tlisten 80 default_server;\n'

function siteText(servers: readonly string[]): string {
  return `${upstreamText(servers)}
server {
${LISTEN}	server_name shop.example.com;

	location / {
		proxy_pass http://shop;
		proxy_http_version 1.1;
		proxy_set_header Host $host;
		proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
		proxy_set_header X-Forwarded-Proto $scheme;
		proxy_set_header Connection "";
	}
}
`
}

function upstreamText(servers: readonly string[]): string {
  return `upstream shop {\n${servers.map((server) => `\tserver ${server};\n`).join('')}}\n`
}

export function siteOf(balancer: Machine, servers: readonly string[]): Site {
  const reload = async () => {
    const { code, stderr } = await balancer.exec('nginx -t && nginx -s reload')
    if (code !== 0) throw new Error(`nginx refuses its configuration:\n${stderr}`)
  }
  return {
    path: SITE,
    reload,
    async useSwitch(options = {}) {
      const file = balancer.root + SITE
      await writeFile(file, switched(await readFile(file, 'utf8'), servers))
      if (options.reload !== false) await reload()
    },
  }
}

/** The three lines of our README: where the pools come from, what chooses among them, and who is asked. */
function switched(site: string, servers: readonly string[]): string {
  const pools = replaceOnce(site, upstreamText(servers), `include ${INCLUDES}/shop.upstreams.conf;\n`)
  const choice = replaceOnce(pools, LISTEN, `${LISTEN}\tinclude ${INCLUDES}/shop.switch.conf;\n`)
  return replaceOnce(choice, 'proxy_pass http://shop;', 'proxy_pass http://$zdr_shop;')
}
