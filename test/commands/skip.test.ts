import { describe, expect, test } from 'vitest'
import { openFleet } from '../../src/commands/fleet.ts'
import { context, environment } from './environment.ts'

const hosts = ['web-1', 'web-2'].map((name) => ({
  name,
  address: '192.0.2.1',
  user: undefined,
  port: undefined,
  isLocal: false,
  keys: [],
  server: null,
}))

/** Refused before anybody is connected to: these addresses lead nowhere. */
function open(skip: readonly string[]) {
  const given = context()
  return { given, opening: openFleet(environment({ hosts }), given, { isGoingBack: false, skip }) }
}

describe('a host to be skipped', () => {
  test.each([
    [['web2'], 'there is no such host', 'Did you mean `--skip web-2`?'],
    [['web-1', 'database'], '--skip database', 'The hosts are web-1, web-2.'],
    [['web-1', 'web-2'], 'names every host', undefined],
  ])('%j is refused before anything is touched', async (skip, said, hint) => {
    const { given, opening } = open(skip)
    await expect(opening).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining(said), hint })
    expect(given.reports).toEqual([])
  })
})
