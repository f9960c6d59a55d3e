/** The keys of `health` and `balancer`. */
import type { balancerShape, healthShape } from '../schema.ts'
import { count, duration, machinePath, oneOf, port, someText, status, upstreamName, url } from './forms.ts'
import type { Key } from './key.ts'

export const healthKeys = {
  url: {
    meaning: 'what a host asks itself, so `localhost` in it is the host. Its port is where the app listens',
    form: url,
    examples: ['http://localhost:4000/health'],
  },
  status: {
    meaning: 'accepted status, or a list of them. Redirects are not followed',
    form: status,
    listOf: 0,
    without: '200–299',
    examples: [204, [200, 204]],
  },
  timeout: { meaning: 'how long one answer may take', form: duration, default: '5s', examples: ['2s'] },
  passes: { meaning: 'so many healthy answers in a row', form: count(1), default: 2, examples: [3] },
  interval: { meaning: 'how far apart they are', form: duration, default: '250ms', examples: ['1s'] },
  start: {
    meaning: 'how long a new release may take until its first healthy answer',
    form: duration,
    default: '30s',
    examples: ['2m'],
  },
  stable: {
    meaning: 'how long its processes must then stay up, and healthy; `0s` for not at all',
    form: duration,
    default: '3s',
    examples: ['10s'],
  },
} satisfies Readonly<Record<keyof typeof healthShape, Key>>

export const balancerKeys = {
  type: { meaning: 'its kind', form: oneOf('nginx'), examples: ['nginx'] },
  on: {
    meaning: 'the SSH addresses of its machines, `user@` optional',
    form: someText,
    listOf: 1,
    examples: [['10.0.0.2', 'root@10.0.0.3:2222']],
  },
  upstream: { meaning: 'the name of its upstream, which lists the hosts', form: upstreamName, examples: ['shop'] },
  'status-port': {
    meaning: 'loopback port at which nginx says what it runs',
    form: port,
    without: "21000–21999, by the upstream's name",
    examples: [21_500],
  },
  config: {
    meaning: "nginx's main file, where several nginx run",
    form: machinePath,
    without: 'the one that runs',
    examples: ['/etc/nginx-shop/nginx.conf'],
  },
  folder: {
    meaning: 'the switch folder, in which a deploy renames one file',
    form: machinePath,
    without: '`/var/lib/zdr-deploy/<upstream>`',
    examples: ['/srv/zdr-deploy/shop'],
  },
} satisfies Readonly<Record<keyof typeof balancerShape, Key>>
