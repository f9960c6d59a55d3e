import { describe, expect, test } from 'vitest'
import { shells } from '../../src/commands/completion.ts'
import { installed, offered } from './shells.ts'

const deployYml = `deploy:
  staging: { host: stage-1 }
  production:
    host: ['web-1', 'web-2', 'deploy@web-2:2222']
    ref: main
    repo: git@git.example.com:shop.git
    path: /var/www/shop
    post-deploy: pm2 reload shop
`

describe.each(shells)('%s', (shell) => {
  test('goes on as the command line and the configuration allow', async () => {
    const ground = await installed({ 'deploy.yml': deployYml })
    const hosts = ['--skip=web-1', '--skip=web-2:22', '--skip=web-2:2222']
    // Bash puts its own before them: what stands before `=` is there already.
    const behindBreak = shell === 'bash' ? hosts.map((found) => found.replace('--skip=', '')) : hosts
    expect({
      environments: await offered(shell, 'zdr-deploy sta', ground),
      verbs: await offered(shell, 'zdr-deploy production roll', ground),
      options: await offered(shell, 'zdr-deploy production unlock --f', ground),
      hosts: await offered(shell, 'zdr-deploy production --skip=', ground),
      nothing: await offered(shell, 'zdr-deploy production --config ', ground),
    }).toEqual({
      environments: ['staging'],
      verbs: ['rollback'],
      options: ['--force'],
      hosts: behindBreak,
      nothing: ['files'],
    })
  })
})
