import type { HardwareMap, JointSpec, ServoCalibration, ServoWorkbench } from 'tendon/device'
import { type Problem, problem, TendonError } from 'tendon/device'
import { openBench } from './adapter.ts'
import { missingProblem } from './missing.ts'
import type { RobotLine } from './robot-lines.ts'

/** One joint that is calibrated, and the workbench that its servo lies on. */
export interface Unit {
  readonly joint: string
  readonly id: number
  readonly spec: JointSpec
  readonly bench: ServoWorkbench
  /** What is in its registers. */
  readonly held: ServoCalibration
}

/** A joint whose servo keeps a calibration. */
export type CalibratedJoint = Pick<Unit, 'joint' | 'id' | 'spec'>

/** The workbenches of a robot, open, with every servo on them limp. */
export interface Workshop {
  readonly units: readonly Unit[]
  close(): Promise<void>
}

/** Joints whose servo holds a zero and a range: those that turn at speeds have none. */
export function calibratedJoints({ joints }: HardwareMap, lines: readonly RobotLine[]): CalibratedJoint[] {
  const buses = lines.map(({ bus }) => bus)
  return Object.entries(joints).flatMap(([joint, spec]) => {
    const { servo } = spec
    return servo && buses.includes(servo.bus) && servo.mode !== 'velocity' ? [{ joint, id: servo.id, spec }] : []
  })
}

/**
 * Opens the lines of a robot, sees that every servo answers, once, takes the power of all of them and reads that back.
 * `beforeLimp` is waited for first where joints have power: they will drop.
 * Rejects with `TENDON_SERVO_MISSING`, `TENDON_SERVO_ID_TWICE`, `TENDON_TORQUE_NOT_OFF`, or the port's problem; nothing
 * stays open then.
 */
export async function openWorkshop(
  hardware: HardwareMap,
  lines: readonly RobotLine[],
  { wait, beforeLimp }: WorkshopOptions,
): Promise<Workshop> {
  const benches: ServoWorkbench[] = []
  const close = async (): Promise<void> => {
    for (const bench of benches) await bench.close()
  }
  try {
    const units: Unit[] = []
    for (const line of lines) {
      const bench = await openBench(line.spec, line.path, line.baudRate, wait)
      benches.push(bench)
      await seeAll(line, bench)
      const powered = await poweredOn(line, bench)
      if (powered.length > 0) await beforeLimp(powered)
      for (const { id } of line.chain) await bench.letGo(id)
      for (const one of calibratedJoints(hardware, [line]))
        units.push({ ...one, bench, held: await bench.calibration(one.id) })
    }
    return { units, close }
  } catch (error) {
    await close()
    throw error
  }
}

export interface WorkshopOptions {
  /** How long a servo may take to answer, in seconds; default: what the adapter needs. */
  readonly wait: number | undefined
  beforeLimp(joints: readonly string[]): Promise<void>
}

async function poweredOn({ chain }: RobotLine, bench: ServoWorkbench): Promise<string[]> {
  const powered = new Set<string>()
  for (const { joint, id } of chain) if ((await bench.glance(id)).powered) powered.add(joint)
  return [...powered]
}

async function seeAll({ path, chain }: RobotLine, bench: ServoWorkbench): Promise<void> {
  const there = new Set<number>()
  for (const { id } of chain) if (await bench.ping(id)) there.add(id)
  const missing: Problem | undefined = missingProblem(path, chain, (id) => there.has(id))
  if (missing) throw new TendonError(missing)
}

/** What is wrong with these as a whole, as one problem. */
export const refused = (source: string, issues: readonly { joint: string; reason: string }[]): TendonError =>
  new TendonError(problem('TENDON_CALIBRATION_REFUSED', { source, issues }))
