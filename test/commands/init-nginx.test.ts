import { expect, test } from 'vitest'
import { readSite } from '../../src/balancers/nginx-site.ts'
import { upstreamsIn } from '../../src/balancers/nginx-upstreams.ts'
import { hostsBehind, readHostWords, serverOn } from '../../src/commands/init/nginx.ts'

test('the upstreams of a site are read without our own pools, the largest first', () => {
  const dump = `# configuration file /etc/nginx/nginx.conf:
http { include conf.d/*.conf; upstream zdr_shop { server a:1; } }
# configuration file /etc/nginx/conf.d/shop.conf:
upstream one { server unix:/run/app.sock; server app.internal; }
upstream shop { least_conn; server 10.0.0.11:4000 weight=2; server [fe80::1]:4000; }
`
  expect(upstreamsIn(readSite(dump))).toEqual([
    { name: 'shop', servers: ['10.0.0.11:4000', '[fe80::1]:4000'] },
    { name: 'one', servers: ['app.internal:80'] },
  ])
})

test('behind a server on its own loopback stands the machine of nginx', () => {
  expect(hostsBehind(['10.0.0.11:4000', '10.0.0.11:4001', 'localhost:4000'], '10.0.0.2')).toEqual([
    '10.0.0.11',
    '10.0.0.2=localhost:4000',
  ])
})

test('a host is known by its address, whoever logs in there', () => {
  expect(serverOn('deploy@10.0.0.11:2222', ['10.0.0.12:4000', '10.0.0.11:4000'])).toBe('10.0.0.11:4000')
  expect(serverOn('web-1', ['10.0.0.11:4000'])).toBeNull()
})

test('hosts may have how nginx knows them behind a `=`', () => {
  expect(readHostWords('web-1, web-2=10.0.0.12:4000')).toEqual([
    { host: 'web-1', server: null },
    { host: 'web-2', server: '10.0.0.12:4000' },
  ])
})
