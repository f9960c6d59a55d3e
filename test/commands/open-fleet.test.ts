import { expect, test } from 'vitest'
import { openFleet } from '../../src/commands/fleet.ts'
import { context, environment } from './environment.ts'

/** Nobody listens at port 1. */
const nobody = { name: 'web-1', address: '127.0.0.1', user: 'deploy', port: 1, keys: [], server: null, isLocal: false }

test('a fleet that is opened for another purpose is connected to once, and its warnings are told once', async () => {
  const given = context({ env: { HOME: '/nowhere' } })
  const config = environment({ hosts: [nobody], warnings: ['the key `port` means nothing here'] })
  const open = await openFleet(config, given, { isGoingBack: false, skip: [] })
  expect(open.failed.map(({ error }) => error.code)).toEqual(['host-unreachable'])
  const told = [
    { type: 'note', level: 'warning', text: 'the key `port` means nothing here' },
    { type: 'phase', phase: 'connect' },
  ]
  expect(given.reports).toEqual(told)

  const back = await open.openFor(true)
  expect(back.failed).toEqual(open.failed)
  expect(given.reports).toEqual(told)
  expect(await back.openFor(true)).toBe(back)
  expect(await open.openFor(false)).toBe(open)
  await open.close()
})

test('of several hosts one that is not reached comes with the way on without it', async () => {
  const hosts = [nobody, { ...nobody, name: 'web-2', port: 2 }]
  const given = context({ env: { HOME: '/nowhere' } })
  const { findings, close } = await openFleet(environment({ hosts }), given, { isGoingBack: false, skip: [] })
  expect(findings.map(({ hint }) => hint)).toEqual([
    'To deploy without it: zdr-deploy production --skip web-1',
    'To deploy without it: zdr-deploy production --skip web-2',
  ])
  await close()
})
