/** The text of a new file. Pure. */
import { parseHealthUrl } from '../../config/health.ts'
import { blockParts } from './block.ts'
import { moduleHead, yamlHead } from './editors.ts'
import type { AllAnswers } from './questions.ts'
import { jsText, partsText } from './text.ts'

const next = '`zdr-deploy production setup`, once; then `zdr-deploy production`.'

export function yamlFile(answers: AllAnswers): string {
  return `${yamlHead}# Where zdr-deploy rolls the app out. ${next}
deploy:
  production:
${partsText(blockParts(answers), 'yaml', '    ')}`
}

/** A file of pm2's, with an app and the block. `port`: where the app listens, if no health check says it. */
export function ecosystemFile(answers: AllAnswers, { name, port }: { readonly name: string; readonly port: number }) {
  return `// What pm2 runs, and where zdr-deploy rolls it out. ${next}
${moduleHead}module.exports = {
  apps: [
    {
${appText(answers, { name, port })}    },
  ],

  deploy: {
    production: {
${partsText(blockParts(answers), 'js', '      ')}    },
  },
}
`
}

function appText(
  { script, health }: AllAnswers,
  { name, port }: { readonly name: string; readonly port: number },
): string {
  const [file = '', ...args] = script.split(/\s+/)
  const url = parseHealthUrl(health)
  const env = { NODE_ENV: 'production', PORT: url.ok ? url.value.port : port }
  const lines = [
    `name: ${jsText(name)}`,
    `script: ${jsText(file)}`,
    ...(args.length === 0 ? [] : [`args: ${jsText(args.join(' '))}`]),
  ]
  const cluster = `      // In cluster mode, pm2 starts the new workers before it stops the old ones.
      exec_mode: 'cluster',
      instances: 2,
`
  const own = lines.map((line) => `      ${line},\n`).join('')
  return `${own}${isOfNode(file) ? cluster : ''}      env_production: ${jsText(env)},\n`
}

/** What node runs itself, and not by npm or a shell, can be a cluster. */
function isOfNode(file: string): boolean {
  return /\.[cm]?js$/.test(file) || /(?:^|\/)node_modules\/\w+\/dist\/bin\//.test(file)
}
