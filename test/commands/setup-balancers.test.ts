import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { pasted } from '../../src/commands/setup-balancers.ts'

test('the script for whoever has root is pasted as it is, and leaves the shell that it is pasted into', () => {
  const script = `name='it'
cat <<'END_OF_FILE'
proxy_pass http://$zdr_shop;
END_OF_FILE
echo "$name"
exit 0
`
  const typed = `${pasted(script)}\necho still here\n`
  expect(execFileSync('sh', { input: typed, encoding: 'utf8' })).toBe('proxy_pass http://$zdr_shop;\nit\nstill here\n')
})
