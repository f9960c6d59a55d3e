import { expect, test } from 'vitest'
import type { BalancerFacts } from '../../src/doctor/facts.ts'
import { host, nginx, switched, told } from './facts.ts'

const lacking: BalancerFacts['report'] = { missing: [{ where: 'x', text: 'y' }], refusals: [], notes: [] }

function site(upstream: string, version?: readonly number[]): { readonly balancers: readonly BalancerFacts[] } {
  const text = `http {\n  ${upstream}\n  server { location / { proxy_pass http://shop; } }\n}`
  return { balancers: [{ host: 'lb', nginx: nginx(text, version), whyNot: null, report: lacking }] }
}

const noSwitch = expect.stringMatching(/^error lb: nginx does not use the switch yet → zdr-deploy production setup/)
const two = 'server web-1:4000; server web-2:4000;'

test.each([
  [
    'of one server',
    'upstream shop { server web-1:4000; }',
    /^warning lb: upstream shop has one server → \/etc\/nginx\/nginx.conf:2/,
  ],
  [
    'that keeps connections',
    `upstream shop { ${two} keepalive 8; }`,
    /^warning lb: nginx keeps idle connections to shop for 60 s, and the app closes them after 5 s → .*:2 keepalive_timeout 4s;/,
  ],
  [
    'that keeps them as long',
    `upstream shop { ${two} keepalive 8;\n keepalive_timeout 5s; }`,
    /for 5 s, .*:3 keepalive_timeout 4s;/,
  ],
])('an upstream %s', (_name, upstream, finding) => {
  expect(told(site(upstream))).toEqual([noSwitch, expect.stringMatching(finding)])
})

test.each([
  ['two servers', `upstream shop { ${two} }`],
  ['connections that it closes first', `upstream shop { ${two} keepalive 8; keepalive_timeout 4s; }`],
])('nothing is said of %s', (_name, upstream) => {
  expect(told(site(upstream))).toEqual([noSwitch])
})

test('an upstream of another name', () => {
  const text =
    'http { upstream store { server web-1:4000; server web-2:4000; }\n server { location / { proxy_pass http://store; } } }'
  expect(told({ balancers: [{ host: 'lb', nginx: nginx(text), whyNot: null, report: lacking }] })).toEqual([
    "error lb: nginx has no upstream of the name in `balancer`; it has store → ecosystem.config.js:9 upstream: 'store',",
  ])
})

test('what the switch would break, by file and line', () => {
  const one = { file: '/etc/nginx/shop', line: 7, text: 'open_file_cache max=10;', hint: 'Remove it.' }
  const report = { missing: [], refusals: [one], notes: [{ ...one, text: 'limit_req zone=a burst=5;' }] }
  expect(told({ balancers: [{ ...switched, report }] })).toEqual([
    'error lb: `open_file_cache max=10;` → /etc/nginx/shop:7',
    'warning lb: `limit_req zone=a burst=5;` → /etc/nginx/shop:7',
  ])
})

test('`keepalive_min_timeout` where nginx knows it', () => {
  const minTimeout = expect.stringMatching(
    /^note lb: there is no `keepalive_min_timeout` → .*:1 keepalive_min_timeout 1s;/,
  )
  const upstream = `upstream shop { ${two} }`
  expect(told(site(upstream, [1, 27, 4]))).toEqual([noSwitch, minTimeout])
  expect(told(site(`keepalive_min_timeout 1s; ${upstream}`, [1, 29, 0]))).toEqual([noSwitch])
  expect(told(site(upstream, [1, 27, 3]))).toEqual([noSwitch])
})

test('an nginx that cannot be seen', () => {
  expect(told({ balancers: [{ host: 'lb', nginx: null, whyNot: 'no nginx runs there', report: null }] })).toEqual([
    'error lb: no nginx runs there',
  ])
})

test('a configuration with mistakes: of the switch nothing is said', () => {
  expect(told({ balancers: [{ ...switched, report: null }] })).toEqual([])
})

const ownHost = (text: string) => told({ hosts: [host('web-1', { nginx: nginx(text) }), host('web-2')] })

test('nginx on the host: files that it keeps open, and connections that it keeps', () => {
  expect(ownHost('http {\n open_file_cache max=9;\n server { root /var/www/shop/current/public; } }')).toEqual([
    'warning web-1: `open_file_cache` is on, and nginx gives out files below `current` → /etc/nginx/nginx.conf:2 open_file_cache off;',
  ])
  expect(ownHost('http {\n upstream app { server 127.0.0.1:4000; keepalive 4; } }')).toEqual([
    expect.stringMatching(/^warning web-1: nginx keeps idle connections to app for 60 s/),
  ])
  expect(
    ownHost(
      'http { open_file_cache max=9; server { root /srv; } upstream app { server 127.0.0.1:5000; keepalive 4; } }',
    ),
  ).toEqual([])
})
