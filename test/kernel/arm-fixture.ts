import { type CommandMap, defineRobot, deg, degPerSec, type RobotDefinition } from 'tendon'
import type { ByteTransport } from 'tendon/device'
import { feetech, sts3215 } from 'tendon/feetech'
import { type SimulationOptions, simulated, simulationOf } from 'tendon/sim'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { StartOptions } from '../../src/runtime/start.ts'
import { boot } from './fixture.ts'

const nowhere: ByteTransport = {
  kind: 'none',
  address: 'none',
  baudRate: 1_000_000,
  open: () => Promise.reject(new Error('this arm is simulated')),
}

const joint = (id: number) =>
  ({
    servo: sts3215('servos', id),
    position: [deg(-110), deg(110)],
    velocity: degPerSec(90),
    stop: 'park',
  }) as const

/** Three servos behind a simulated Feetech bus: what the kernel says of motion is read in their registers. */
export const arm = defineRobot('arm', {
  states: { recording: {} },
  categories: { motion: { conflict: 'preempt' }, sensing: { limit: 4 } },
  buses: { servos: feetech({ port: nowhere }) },
  joints: { pan: joint(1), lift: joint(2), jaw: joint(3) },
})

/** Starts the arm in a simulated world, armed. */
export async function bootArm<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  { options = {}, world = {} }: { readonly options?: StartOptions; readonly world?: SimulationOptions } = {},
) {
  const made = simulated(definition, world)
  const sim = simulationOf(made)
  const up = await boot(made, options)
  const verdict = await up.now(up.robot.arm())
  if (!verdict.armed) throw new Error(JSON.stringify(verdict.problems))
  /** Whether all servos stand, as their registers and shafts say. */
  const still = (): boolean => sim.servos.every((servo) => !servo.moving && Math.abs(servo.velocity) < deg(3))
  const powered = (): string[] => sim.servos.filter((servo) => servo.powered).map((servo) => servo.joint)
  return { ...up, sim, still, powered }
}
