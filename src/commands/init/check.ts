/** Whether what is to be written is what our own loader takes it for. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadEnvironment } from '../../config/load.ts'

/** Loads it as `zdr-deploy production` will, out of a folder of its own. Rejects with UserError `config` for all that is wrong. */
export async function checkFile(name: string, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'zdr-init-'))
  try {
    await writeFile(join(folder, name), text)
    await loadEnvironment({ cwd: folder, environment: 'production' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
