/** A lab to look around in: `npx jiti test/lab/try.ts [hosts]`. It ends with Ctrl-C. */
import { once } from 'node:events'
import { startLab } from './lab.ts'

const lab = await startLab({ hosts: Number(process.argv[2] ?? 3), name: 'try' })
await lab.config()
console.log(`The deployer's folder, with key and configuration: ${lab.directory}`)
for (const { name, address, root } of [lab.balancer, ...lab.hosts]) console.log(`${name} ${address} ${root}`)
const keepAlive = setInterval(() => {}, 60_000)
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
clearInterval(keepAlive)
await lab.stop()
