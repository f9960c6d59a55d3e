import { expect, it } from 'vitest'
import { OUTPUT_MAX_BYTES, outputReader } from '../../src/hosts/remote-output.ts'

function read(bytes: Buffer, chunkBytes: number) {
  const lines: string[] = []
  const marked: string[] = []
  const reader = outputReader({
    marker: 'MARK',
    onMarker: (rest) => marked.push(rest),
    onLine: (line) => lines.push(line),
  })
  for (let at = 0; at < bytes.length; at += chunkBytes) reader.push(bytes.subarray(at, at + chunkBytes))
  reader.end()
  return { lines, marked, text: reader.text(), noise: reader.noise() }
}

it.each([1, 2, 3, 5, 7, 1000])('output reads the same in chunks of %i bytes', (chunkBytes) => {
  const output = 'Welcome, MA → ünMARK -42\nfirst ü\n\r\n→🚀 two\r\nMARK again\nlast'
  expect(read(Buffer.from(output), chunkBytes)).toMatchObject({
    marked: ['-42'],
    lines: ['first ü', '', '→🚀 two', 'MARK again', 'last'],
    text: 'first ü\n\r\n→🚀 two\r\nMARK again\nlast',
  })
})

it('all of it is noise where the script did not begin', () => {
  expect(read(Buffer.from('This account is closed\n'), 4)).toEqual({
    marked: [],
    lines: [],
    text: '',
    noise: 'This account is closed\n',
  })
})

it.each([0, 1, 2, 3])('only the last bytes are kept, from a whole character on (%i bytes into it)', (offset) => {
  const rockets = '🚀'.repeat(OUTPUT_MAX_BYTES / 4)
  const { text } = read(Buffer.from(`MARK\n${rockets}${'x'.repeat(offset)}`), 65_536)
  expect(Buffer.byteLength(text)).toBe(OUTPUT_MAX_BYTES - (offset === 0 ? 0 : 4 - offset))
  expect(text).not.toContain('\uFFFD')
})

it('a stream without line ends is passed on in pieces, and nothing of it is lost', () => {
  const { lines } = read(Buffer.from(`MARK\n${'x'.repeat(1_000_000)}`), 32_768)
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.join('')).toHaveLength(1_000_000)
})
