import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type RobotDefinition, start } from 'tendon'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { ControlSocket } from './control/server.ts'
import { eachEventOnce } from './events-once.ts'
import { exitCodes } from './exit-codes.ts'
import { faultsOf } from './faults.ts'
import { signalsAsAbort } from './leaving.ts'
import { importFile, loadRobot } from './load-robot.ts'
import { type Screen, screenFor } from './screen.ts'
import { servePty } from './serve-pty.ts'
import { clockOf, type SimOptions, seedOf } from './sim-settings.ts'
import { type Pose, type SimulatedWorld, simulatedWorld } from './simulated-world.ts'
import { problemsIn, Stage } from './stage.ts'
import { stopOnSpace } from './stop-key.ts'
import { UsageError } from './usage-error.ts'
import { retireWithoutReader } from './without-reader.ts'

/** What a script of `tendon sim` is: a module whose default is a function of the running robot, its world, the stage. */
interface Script {
  readonly default: (scene: { robot: Stage['robot']; sim: Simulation; stage: Stage }) => Promise<void>
  /** Where the joints are at first. */
  readonly initial?: Pose
}

export type { SimOptions }

/**
 * Boots a robot behind its simulated buses, runs a script on it, and gives the exit code. The script is a file, a
 * command without a goal, or, when none is named, the `story.ts` beside the robot. With `pty` there is no robot
 * program: the simulated servos wait for others.
 */
export async function sim(robotName: string, script: string | undefined, options: SimOptions): Promise<number> {
  const [clock, seed, faults] = [clockOf(options), seedOf(options), faultsOf(options.fault)]
  const loaded = await loadRobot(robotName)
  const { definition, folder } = loaded
  const { json = false, headless = false, pty } = options
  const screen = screenFor({ json, headless, out: process.stdout })
  if (pty) {
    if (script !== undefined) throw new UsageError('--pty runs no script.', `tendon sim ${robotName} --pty`)
    const link = typeof pty === 'string' ? pty : undefined
    return await servePty(simulationOf(simulated(definition, { seed })), screen, { clock, faults, link })
  }
  const told = await scriptOf(definition, folder, script)
  let world: SimulatedWorld | undefined
  try {
    world = await simulatedWorld(loaded, options, told.initial)
    return await perform(told, world, { screen, keys: !headless })
  } finally {
    await world?.close()
    screen.end()
  }
}

async function scriptOf(definition: RobotDefinition, folder: string, script: string | undefined): Promise<Script> {
  if (script !== undefined && script in definition.commands)
    return {
      default: async ({ robot, stage }) => {
        await stage.arm()
        await stage.must(robot.execute(script), script)
        stage.verdict(await robot.retire(), 'retire')
      },
    }
  const file = script === undefined ? join(folder, 'story.ts') : resolve(script)
  if (!existsSync(file)) {
    if (script === undefined) throw new UsageError(`${folder} has no story.ts.`, 'Name a script or a command.')
    throw UsageError.unknown('command or script', script, Object.keys(definition.commands))
  }
  return (await importFile(file)) as Script
}

interface Audience {
  readonly screen: Screen
  /** Whether the keys of a terminal mean something. */
  readonly keys: boolean
}

async function perform(told: Script, world: SimulatedWorld, { screen, keys }: Audience): Promise<number> {
  const { definition, simulation, clock } = world
  const frames = { host: 0, servo: 0 }
  const untap = simulation.tap(({ from }) => {
    frames[from]++
  })
  const robot = await start(definition, { process: true, clock })
  // So that `tendon stop` and the others reach a story too; a second one of the same robot is told without.
  const socket = await ControlSocket.claimIfFree(definition)
  socket?.serve({ robot, definition, simulated: true, clock })
  const deafen = eachEventOnce(robot.log, (event) => screen.event(event))
  const stop = (): void => void robot.stop({ by: 'the space bar', reason: 'a person pressed stop' })
  const letGo = keys ? stopOnSpace(stop) : () => {}
  const endWithReader = retireWithoutReader()
  const { leaving, forget } = signalsAsAbort()
  const stage = new Stage(robot, world, screen)
  let code: number = exitCodes.done
  try {
    introduce(world, screen)
    world.begin()
    await told.default({ robot, sim: simulation, stage })
  } catch (error) {
    code = exitCodes.failed
    screen.fact('failed', String(error), `the story failed: ${error instanceof Error ? error.message : String(error)}`)
    for (const found of problemsIn(error)) screen.problem(found)
    // After a signal the robot is on its way to rest already; a disarm would drop it half way.
    if (leaving.aborted) stage.verdict(await robot.retire(), 'retire')
    else stage.verdict(await robot.disarm({ by: 'tendon sim', reason: 'the story failed' }), 'disarm')
  }
  summary(robot, frames, screen)
  const { confirmed } = await robot.close()
  await socket?.close()
  deafen()
  letGo()
  untap()
  endWithReader()
  forget()
  return confirmed ? code : exitCodes.notConfirmed
}

/** What is simulated here, and what is not. */
function introduce({ definition, simulation, instruments }: SimulatedWorld, screen: Screen): void {
  const count = simulation.servos.length
  const servos = `${count} simulated servo${count === 1 ? '' : 's'} behind the bytes of ${count === 1 ? 'its' : 'their'} bus`
  screen.say(`${definition.name}: ${[servos, ...instruments].join(', ')}`)
  for (const sensor of simulation.silentSensors)
    screen.say(`sensor ${sensor}: nothing simulates it, so it stays unknown`)
}

/** The counts of this run: from the wire, the bus, the sensor, the log. */
function summary(robot: Stage['robot'], frames: { host: number; servo: number }, screen: Screen): void {
  const seen = robot.log.seq
  screen.fact('wire', frames, `wire: ${frames.host} frames from the host, ${frames.servo} from the servos`)
  for (const [bus, health] of Object.entries(robot.health()))
    screen.fact(
      `bus ${bus}`,
      health,
      `bus ${bus}: ${health.exchanges} exchanges, ${health.retries} retries, ${health.timeouts} timeouts, ${health.corrupt} corrupt, ${health.stops} stops, ${health.bytesOut} bytes out, ${health.bytesIn} in`,
    )
  for (const [name, sensor] of Object.entries(robot.sensors)) {
    const { readings, ignored, bad } = sensor.counts()
    const wrong = Object.values(bad).reduce((sum, count) => sum + count, 0)
    screen.fact(
      `sensor ${name}`,
      { readings, ignored, bad },
      `sensor ${name}: ${readings} readings, ${ignored} other sentences, ${wrong} bad`,
    )
  }
  screen.fact('events', seen, `log: ${seen} events`)
}
