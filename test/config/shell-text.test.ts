import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readShell } from '../../src/config/shell-text.ts'
import { command } from '../../src/hosts/shell.ts'

const textsOf = (text: string) => readShell(text).commands.map((part) => part.text)

test.each([
  ['cd api && npm ci', ['cd api', 'npm ci']],
  ['npm ci\nnpm run build\r\npm2 reload x', ['npm ci', 'npm run build', 'pm2 reload x']],
  ['npm ci &&\n  # then\n  npm run build # done', ['npm ci', 'npm run build']],
  // Blanks that are none for a shell, as they come with what is pasted from a page.
  ['npm\u00A0ci\f\v\u2028 && c', ['npm\u00A0ci\f\v\u2028', 'c']],
  ['echo "a && b" && c', ['echo "a && b"', 'c']],
  [`echo 'a; b' && c`, [`echo 'a; b'`, 'c']],
  ['npm ci --x \\\n  --y && c', ['npm ci --x \\\n  --y', 'c']],
  ['npm ci > /dev/null 2>&1 && c &> log', ['npm ci > /dev/null 2>&1', 'c &> log']],
  ['X=$(a; b | c && d) && e', ['X=$(a; b | c && d)', 'e']],
  ['echo `a; b` "$(c "d;e")" && f', ['echo `a; b` "$(c "d;e")"', 'f']],
  ['echo a#b && c', ['echo a#b', 'c']],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is shell text.
  ['echo ${X:-"a;b"} $((1+2)) && c', ['echo ${X:-"a;b"} $((1+2))', 'c']],
  ['npm ci;\npm2 reload x; # done', ['npm ci', 'pm2 reload x']],
  ['', []],
  ['  # nothing\n', []],
])('%j is a plain chain', (text, commands) => {
  expect(readShell(text).notPlain).toBeNull()
  expect(textsOf(text)).toEqual(commands)
})

test.each([
  ['a; b', ';'],
  ['a || b', '||'],
  ['a | b', '|'],
  ['a & b', '&'],
  ['(a && b)', '('],
  ['if a; then b; fi', 'if'],
  ['{ a; }', '{'],
  ['! a', '!'],
  ['f() { a; }', '('],
  ['a <<E\nb\nE', 'here-document'],
  ["echo 'a", 'not closed'],
  ['echo $(a', 'not closed'],
  ['a && ', 'without a command'],
  ['&& a', 'without a command'],
  ['diff <(a) b', '('],
])('%j is not, and says why', (text, why) => {
  expect(readShell(text).notPlain).toContain(why)
})

test('words that were quoted arrive as they were', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.string({ unit: 'binary' }).filter((word) => !word.includes('\0')),
        { minLength: 1 },
      ),
      (words) => {
        const read = readShell(command(...words))
        expect(read.notPlain === null || words[0] === '!' || words[0] === '').toBe(true)
        expect(read.commands[0]?.words.map((word) => word.value)).toEqual(words)
      },
    ),
  )
})

test('what it takes for the words of a command, a real shell takes for them too', () => {
  const letters = fc.string({
    unit: fc.constantFrom('a', ' ', "'", '"', '\\', '#', '=', '\t', 'é', '\\\n'),
    maxLength: 14,
  })
  fc.assert(
    fc.property(letters, (letterSoup) => {
      const text = `printf '%s\\0' x ${letterSoup}`
      const { commands, notPlain } = readShell(text)
      const words = commands[0]?.words.map((word) => word.value) ?? []
      fc.pre(notPlain === null && commands.length === 1 && !words.includes(null))
      const shell = execFileSync('sh', ['-c', text], { encoding: 'utf8', timeout: 10_000 })
      expect(shell).toBe(
        words
          .slice(2)
          .map((word) => `${word}\0`)
          .join(''),
      )
    }),
    { numRuns: 60 },
  )
})

test('no text makes it throw, and no text of a plain chain is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...Array.from(`ab\u00A0'"\\$(){}\`;|&<>#\n=~*`)) }), (text) => {
      const { commands, notPlain } = readShell(text)
      const left = commands.reduce((rest, part) => rest.replace(part.text, ''), text)
      if (notPlain === null) expect(left.replaceAll(/#[^\n]*/g, '').replaceAll('\\\n', '')).toMatch(/^[\s&;]*$/)
    }),
  )
})
