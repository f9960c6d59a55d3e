import { describe, expect, it } from 'vitest'
import { readSite } from '../../src/balancers/nginx-site.ts'
import { renderNginx } from '../../src/balancers/render.ts'
import { readTitle } from '../../src/balancers/setup-scripts.ts'
import { inspectSite } from '../../src/balancers/site-checks.ts'

const members = [
  { name: 'a', server: '10.0.0.11:4000' },
  { name: 'b', server: '10.0.0.12:4000' },
]
const words = {
  upstream: 'shop',
  servers: members.map(({ server }) => server),
  rendered: renderNginx({ members, batches: [], upstream: 'shop', statusPort: 21_000 }),
  upstreamsPath: '/etc/nginx/zdr-deploy/shop.upstreams.conf',
  switchPath: '/etc/nginx/zdr-deploy/shop.switch.conf',
}

/** As `nginx -T` prints it. */
const dump = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([path, text]) => `# configuration file ${path}:\n${text}\n`)
    .join('\n')

const good = {
  http: 'include zdr-deploy/shop.upstreams.conf;',
  first: 'include /etc/nginx/zdr-deploy/shop.switch.conf;',
  host: 'proxy_set_header Host $host;',
  pass: 'proxy_pass http://$zdr_shop;',
}

const inspect = (lines: Partial<typeof good> = {}) => {
  const { http, first, host, pass } = { ...good, ...lines }
  return inspectSite(
    readSite(
      dump({
        '/etc/nginx/nginx.conf': `events {}\nhttp {\n${http}\ninclude sites-enabled/*;\n}`,
        '/etc/nginx/sites-enabled/shop': `server {\n${first}\nlocation / {\n${host}\n${pass}\n}\n}`,
        '/etc/nginx/zdr-deploy/shop.upstreams.conf': words.rendered.upstreams,
        '/etc/nginx/zdr-deploy/shop.switch.conf': words.rendered.switch,
      }),
    ),
    words,
  )
}

describe('a site', () => {
  it('is ready with the three lines, and nothing of it is refused', () => {
    expect(inspect()).toEqual({ missing: [], refusals: [], notes: [] })
  })

  it.each([
    ['http', '', 'include /etc/nginx/zdr-deploy/shop.upstreams.conf;', '/etc/nginx/nginx.conf:2'],
    ['first', '', 'include /etc/nginx/zdr-deploy/shop.switch.conf;', '/etc/nginx/sites-enabled/shop:1'],
    ['pass', 'proxy_pass http://shop;', 'proxy_pass http://$zdr_shop;', '/etc/nginx/sites-enabled/shop:5'],
  ])('without its line in %s is told which, and where', (level, line, text, where) => {
    const { missing, refusals } = inspect({ [level]: line })
    expect(missing).toEqual([{ text, where: expect.stringContaining(where) }])
    expect(refusals).toEqual([])
  })

  it.each([
    ['pass', 'proxy_pass http://shop/;', 'proxy_pass http://shop/;', 'rewrite'],
    ['pass', 'proxy_pass http://$zdr_shop/api;', 'proxy_pass http://$zdr_shop/api;', '/api'],
    ['host', 'proxy_set_header X-Real-IP $remote_addr;', good.pass, 'Host $host'],
    ['host', `${good.host} proxy_cache shop;`, 'proxy_cache shop;', 'proxy_cache_key'],
    ['host', `${good.host} proxy_request_buffering on;`, 'proxy_request_buffering on;', 'upload'],
    ['host', `${good.host} proxy_http_version 1.0;`, 'proxy_http_version 1.0;', 'upload'],
    ['host', `${good.host} proxy_next_upstream_timeout 0;`, 'proxy_next_upstream_timeout 0;', 'retry'],
    ['host', `${good.host} proxy_next_upstream_timeout 5;`, 'proxy_next_upstream_timeout 5;', 'retry'],
    ['host', `${good.host} proxy_next_upstream_timeout 1m;`, 'proxy_next_upstream_timeout 1m;', 'retry'],
    ['host', `${good.host} mirror /copy;`, 'mirror /copy;', 'mirror_request_body off'],
    ['first', `rewrite ^/a /b last; ${good.first}`, 'rewrite ^/a /b last;', 'above it'],
    ['first', `if ($x) { break; } ${good.first}`, 'if ($x);', 'above it'],
    ['first', `${good.first} proxy_http_version 1.1;`, 'proxy_http_version 1.1;', 'remove it here'],
    ['first', `${good.first} proxy_connect_timeout 1s;`, 'proxy_connect_timeout 1s;', 'remove it here'],
    ['http', `${good.http} upstream shop { ip_hash; }`, 'ip_hash;', 'stay with one host'],
  ])('that would break is refused by file and line: %s %s', (level, line, text, hint) => {
    const { refusals } = inspect({ [level]: line })
    expect(refusals).toEqual([expect.objectContaining({ text, hint: expect.stringContaining(hint) })])
  })

  it.each([
    ['host', 'proxy_set_header X-A 1; proxy_set_header host $http_host;'],
    ['host', `${good.host} proxy_cache shop; proxy_cache_key $host$request_uri;`],
    ['host', `${good.host} proxy_cache off;`],
    ['host', `${good.host} proxy_next_upstream_timeout 500ms;`],
    ['host', `${good.host} proxy_next_upstream_timeout 4;`],
    ['host', `${good.host} mirror /copy; mirror_request_body off;`],
    ['pass', 'proxy_pass http://$zdr_shop$request_uri;'],
    ['pass', 'proxy_pass http://$' + '{zdr_shop};'],
    ['pass', `${good.pass} # proxy_pass http://shop/;`],
    ['first', `${good.first} rewrite ^/a /b last;`],
    ['first', `if ($scheme = http) { return 301 https://$host$request_uri; } ${good.first}`],
    ['http', `${good.http} upstream shop2 { ip_hash; } server { location / { proxy_pass http://shop2/; } }`],
    [
      'http',
      `${good.http} log_format json '{"a": "$uri;"}'; server { content_by_lua_block { if a then b = "}" end } }`,
    ],
  ])('that is well is not refused: %s %s', (level, line) => {
    expect(inspect({ [level]: line })).toMatchObject({ missing: [], refusals: [] })
  })

  it.each([
    ['http', `${good.http} upstream shop { least_conn; }`, 'least_conn;'],
    ['http', `${good.http} upstream shop { server 10.0.0.11:4000 weight=5; }`, 'server 10.0.0.11:4000 weight=5;'],
    ['http', `${good.http} upstream shop { server 10.9.9.9:4000; }`, 'server 10.9.9.9:4000;'],
    ['http', `${good.http} limit_req zone=a burst=5;`, 'limit_req zone=a burst=5;'],
    ['host', `${good.host} proxy_connect_timeout 60s;`, 'proxy_connect_timeout 60s;'],
  ])('that will be another is told what: %s %s', (level, line, text) => {
    expect(inspect({ [level]: line })).toMatchObject({ refusals: [], notes: [{ text }] })
  })

  it('may wait for a connection as long as it likes where nginx tries another host in time, or where ours is inherited', () => {
    const lines = [
      { host: `${good.host} proxy_connect_timeout 3500ms;` },
      { http: `${good.http} proxy_connect_timeout 60s;` },
    ]
    for (const line of lines) expect(inspect(line)).toEqual({ missing: [], refusals: [], notes: [] })
  })

  it('without any proxy_pass to the app is told all three lines', () => {
    const { missing } = inspect({ pass: '', first: '', http: '' })
    expect(missing.map(({ text }) => text)).toEqual([
      `include ${words.upstreamsPath};`,
      `include ${words.switchPath};`,
      good.pass,
    ])
  })
})

describe('reading a configuration', () => {
  it('follows includes, and knows file and line of everything', () => {
    const site = readSite(
      dump({
        '/etc/nginx/nginx.conf': '\n# a comment; with { marks }\nhttp {\n  include conf.d/*.conf;\n}',
        '/etc/nginx/conf.d/a.conf': 'map "$a;{" $b {\n  default \'x y\';\n}',
        '/etc/nginx/conf.d/.hidden.conf': 'nothing;',
        '/etc/nginx/conf.d/a.conf.old': 'nothing;',
      }),
    )
    const [http] = site
    expect(http).toMatchObject({ name: 'http', line: 3 })
    expect(http?.block?.map(({ name, file, line }) => ({ name, file, line }))).toEqual([
      { name: 'include', file: '/etc/nginx/nginx.conf', line: 4 },
      { name: 'map', file: '/etc/nginx/conf.d/a.conf', line: 1 },
    ])
    expect(http?.block?.[1]).toMatchObject({
      args: ['$a;{', '$b'],
      block: [{ name: 'default', args: ['x y'], line: 2 }],
    })
  })

  it('ends where files include each other', () => {
    const file = '/etc/nginx/nginx.conf'
    expect(readSite(dump({ [file]: 'include nginx.conf; user a;' })).some(({ name }) => name === 'user')).toBe(true)
  })

  it.each([
    ['nginx: master process /usr/sbin/nginx -g daemon on; master_process on;', ['-g', 'daemon on; master_process on;']],
    ['nginx: master process nginx', []],
    [
      'nginx: master process nginx -p /srv/nginx -g user a; daemon on; -c conf/main.conf',
      ['-p', '/srv/nginx', '-g', 'user a; daemon on;', '-c', 'conf/main.conf'],
    ],
  ])('takes the words of the running master: %s', (title, flags) => {
    expect(readTitle(7, title)).toMatchObject({ pid: 7, flags })
  })
})
