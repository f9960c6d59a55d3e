import { describe, expect, it } from 'vitest'
import { type NginxPools, renderNginx } from '../../src/balancers/render.ts'

const members = ['11', '12', '13'].map((last) => ({ name: `web-${last}`, server: `10.0.0.${last}:4000` }))
const pools: NginxPools = { members, batches: [], upstream: 'shop', statusPort: 21_000 }

describe('the nginx files', () => {
  it('mark a host as down in its pool, and give a lone survivor no time out', () => {
    const { upstreams } = renderNginx(pools)
    expect(upstreams).toContain(`upstream zdr_shop__out_10_0_0_11_4000 {
    server 10.0.0.11:4000 down;
    server 10.0.0.12:4000;
    server 10.0.0.13:4000;
    keepalive 32;
    keepalive_timeout 100ms;
}`)
    expect(upstreams).toContain(`upstream zdr_shop__out_10_0_0_11_4000__10_0_0_12_4000 {
    server 10.0.0.11:4000 down;
    server 10.0.0.12:4000 down;
    server 10.0.0.13:4000 max_fails=0;
`)
    expect(upstreams).not.toMatch(/\{(\s*server \S+ down;)+\s*keepalive/)
  })

  it('check every switch file twice, in the switch and where nginx tells what it does', () => {
    const { upstreams, switch: text, outSets } = renderNginx(pools)
    const lines = (of: string): readonly string[] => of.split('\n').filter((line) => line.includes('if (-f '))
    for (const of of [text, upstreams]) {
      const checks = lines(of)
      expect(checks.slice(0, checks.length / 2)).toEqual(checks.slice(checks.length / 2))
    }
    expect(lines(text)).toHaveLength((outSets.length - 1) * 2)
    expect(lines(upstreams)).toHaveLength(outSets.length * 2)
    expect(text).toContain(
      'if (-f /var/lib/zdr-deploy/shop/out_10_0_0_12_4000) { set $zdr_shop zdr_shop__out_10_0_0_12_4000; }',
    )
    expect(`${text}${upstreams}`).not.toContain('{{')
    expect(`${text}${upstreams}`).not.toContain('proxy_set_header')
  })

  it('have a hash that tells any two of them apart', () => {
    const [, ...others] = members
    const hashes = [
      pools,
      { ...pools, members: others },
      { ...pools, statusPort: 21_001 },
      { ...pools, upstream: 'shop2' },
      { ...pools, folder: '/srv/switch' },
    ].map((of) => renderNginx(of).hash)
    expect(new Set(hashes).size).toBe(hashes.length)
    expect(renderNginx(pools).upstreams).toContain(`$zdr_shop_seen ${hashes[0]}\\n`)
  })

  it('use names that nginx takes as variables, and never the same one for two upstreams', () => {
    const variables = ['my-shop', 'my.shop', 'my_shop'].map((upstream) => renderNginx({ ...pools, upstream }).variable)
    for (const variable of variables) expect(variable).toMatch(/^zdr_my_shop\w*$/)
    expect(new Set(variables).size).toBe(3)
  })

  it('refuse words that nginx would read as something else', () => {
    const bad = [{ upstream: 'shop; }' }, { folder: '/var/$x' }, { members: [{ name: 'a', server: 'a:1; evil' }] }]
    for (const words of bad) expect(() => renderNginx({ ...pools, ...words })).toThrow('nothing that nginx can be told')
  })
})
