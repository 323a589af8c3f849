import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { loadRobot } from '../load-robot.ts'
import type { SimOptions } from '../sim-settings.ts'
import { UsageError } from '../usage-error.ts'
import { allGiven, type Call, given, has, type Perform } from '../verb.ts'

/** Tells a robot's story on simulated hardware. A robot without one, or with `--stay`, stays up for commands. */
export const simulate: Perform = async (call) => {
  const [name = '', script] = call.args
  const options = simOptions(call)
  const stay = has(call, 'stay')
  if (stay && script !== undefined)
    throw new UsageError('--stay runs no script.', `tendon sim ${name} --stay, and tendon exec from another terminal`)
  const loaded = await loadRobot(name)
  const untold = script === undefined && !options.pty && !existsSync(join(loaded.folder, 'story.ts'))
  if (stay || untold) {
    const { stayUp } = await import('../stay-up.ts')
    const { simulatedWorld } = await import('../simulated-world.ts')
    return stayUp({ loaded, world: await simulatedWorld(loaded, options), json: has(call, 'json') })
  }
  const { sim } = await import('../sim.ts')
  return sim(name, script, options)
}

function simOptions(call: Call): SimOptions {
  const pty = given(call, 'pty')
  return {
    json: has(call, 'json'),
    fault: allGiven(call, 'fault'),
    seed: given(call, 'seed'),
    speed: given(call, 'speed'),
    headless: has(call, 'headless'),
    pty: pty === '' ? true : pty,
  }
}
