import { expect, test } from 'vitest'
import { reloadError } from '../../src/processes/reload-error.ts'
import { localHost } from './local-host.ts'

const tooLong = { code: null, signal: 'SIGKILL', timedOut: true, stdout: '', stderr: 'still stopping' }

test('a reload that takes too long is told with the key that gives it more time', () => {
  expect(reloadError(localHost(), tooLong, { timeoutMs: 300_000, setBy: 'timeouts.reload' })).toMatchObject({
    code: 'host-command',
    message: 'local: the commands that reload the app did not end within 300 s (timeouts.reload)',
    output: 'still stopping',
  })
})
