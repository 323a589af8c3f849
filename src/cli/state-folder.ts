import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where robots keep parameters and recordings between two lives. A simulated robot has a folder of its own: what was
 * tried there must not come with the real one.
 */
export function stateFolder(simulated: boolean, env: NodeJS.ProcessEnv = process.env): string {
  const root = env.TENDON_STATE_DIR ?? join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'tendon')
  return simulated ? join(root, 'simulated') : root
}
