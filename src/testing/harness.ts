import { TendonError } from '../base/problem.ts'
import type { Storage } from '../base/storage.ts'
import type { Limits } from '../define/limits.ts'
import type { ModelTypes } from '../define/model-types.ts'
import type { RobotDefinition } from '../define/robot-definition.ts'
import type { CommandMap } from '../define/script.ts'
import type { RobotEvent } from '../log/events.ts'
import type { StopVerdict } from '../motion/contract.ts'
import type { Robot } from '../runtime/robot.ts'
import { start } from '../runtime/start.ts'
import { type SimulationOptions, simulated, simulationOf } from '../sim/simulated.ts'
import type { Simulation } from '../sim/simulation.ts'
import { testingProblem } from './problems.ts'
import { VirtualClock } from './virtual-clock.ts'

/** A robot under test: behind its simulated buses, on a clock that moves only when the test says so. */
export interface Harness<M extends ModelTypes, C extends CommandMap> extends AsyncDisposable {
  readonly robot: Robot<M, C>
  readonly clock: VirtualClock
  /** Its servos, register by register, and what may go wrong with them. */
  readonly sim: Simulation
  /** Moves virtual time on until `promise` settles. */
  run<T>(promise: PromiseLike<T>): Promise<T>
  /** Arms, or throws the first thing that stood against it. */
  arm(): Promise<void>
  /** The events of one type so far, oldest first. */
  events<T extends RobotEvent['type']>(type: T): Extract<RobotEvent, { type: T }>[]
  /** Closes the robot; throws when it left a timer behind. `await using` does it at the end of the test. */
  close(): Promise<StopVerdict>
}

export interface HarnessOptions extends SimulationOptions {
  readonly limits?: Partial<Limits>
  /** What the robot keeps between two lives. Default: a new one in memory. */
  readonly storage?: Storage
}

/**
 * Starts a robot for a test: `await using rig = await harness(robot)`. Servos are simulated to the byte; sensors with a
 * port of their own need a `playback` in `options.sensors`. Hours of it take seconds, and nothing depends on the machine.
 */
export async function harness<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  { limits, storage, ...simulation }: HarnessOptions = {},
): Promise<Harness<M, C>> {
  const clock = new VirtualClock()
  const made = simulated(definition, simulation)
  const robot = await clock.run(start(made, { clock, ...(limits && { limits }), ...(storage && { storage }) }))
  const close = async (): Promise<StopVerdict> => {
    const verdict = await clock.run(robot.close())
    if (clock.pending > 0)
      throw new TendonError(testingProblem('TENDON_TIMERS_LEFT', { robot: definition.name, timers: clock.pending }))
    return verdict
  }
  return {
    robot,
    clock,
    sim: simulationOf(made),
    run: (promise) => clock.run(promise),
    arm: async () => {
      const armed = await clock.run(robot.arm())
      if (!armed.armed) for (const found of armed.problems) throw new TendonError(found)
    },
    events: <T extends RobotEvent['type']>(type: T) =>
      robot.log.entries().filter((event): event is Extract<RobotEvent, { type: T }> => event.type === type),
    close,
    [Symbol.asyncDispose]: async () => {
      await close()
    },
  }
}
