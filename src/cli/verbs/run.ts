import { loadRobot } from '../load-robot.ts'
import { stayUp } from '../stay-up.ts'
import { has, type Perform } from '../verb.ts'

/** Runs a robot on its own hardware, with `--sim` on simulated one: a script, or up for commands until Ctrl-C. */
export const run: Perform = async (call) => {
  const [name = '', script] = call.args
  const loaded = await loadRobot(name)
  const world = has(call, 'sim') ? await (await import('../simulated-world.ts')).simulatedWorld(loaded, {}) : undefined
  return stayUp({ loaded, world, script, arm: has(call, 'arm'), yes: has(call, 'yes'), json: has(call, 'json') })
}
