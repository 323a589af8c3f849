import type { MountedServo, ServoUnit, SimulatedFamily } from '../family.ts'
import { toRaw } from '../scale.ts'
import { DynamixelBus } from './bus.ts'
import { MODELS, type ModelName } from './models.ts'
import { BAUD_RATES, DRIVE, MODE, type RegisterName } from './registers.ts'
import { DynamixelServo, type DynamixelSetup, SCALE } from './servo.ts'

/** Dynamixel X servos, Protocol 2.0, on a serial line. */
export const dynamixelFamily: SimulatedFamily = {
  family: 'dynamixel',
  models: [...MODELS.keys()],
  baudRate: 57_600,
  servos(mounted) {
    const leading = new DynamixelServo(setupOf(mounted))
    const shadows = mounted.spec.servo.shadows ?? []
    return [leading, ...shadows.map((id) => new DynamixelServo(shadowOf(mounted, leading, id)))]
  },
  line: ({ servos, timeline, random, ...options }) =>
    new DynamixelBus({ ...options, servos: servos.filter(isDynamixel) }, timeline, random),
}

const isDynamixel = (servo: ServoUnit): servo is DynamixelServo => servo instanceof DynamixelServo

const modelOf = ({ spec }: MountedServo): ModelName => spec.servo.model as ModelName

function setupOf(mounted: MountedServo): DynamixelSetup {
  const { angle, travel, gravity, registers } = mounted
  return {
    model: modelOf(mounted),
    ...surroundings(mounted),
    gravity,
    position: toRaw(SCALE, angle),
    ...(travel && { travel: [toRaw(SCALE, travel[0]), toRaw(SCALE, travel[1])] as const }),
    registers: { ...eepromOf(mounted), ...registers },
  }
}

/**
 * One that faces the leading one on the same joint and obeys its id. As someone who mounts it so must have set it up, it
 * counts the other way round, so that both have the same positions.
 */
function shadowOf(mounted: MountedServo, leading: DynamixelServo, id: number): DynamixelSetup {
  const registers: Partial<Record<RegisterName, number>> = { ...eepromOf(mounted), ...mounted.registers }
  const driveMode = (registers.driveMode ?? 0) ^ DRIVE.reverse
  return {
    model: modelOf(mounted),
    ...surroundings(mounted),
    opposite: leading,
    registers: { ...registers, id, secondaryId: mounted.spec.servo.id, driveMode },
  }
}

const surroundings = ({ supply, ambient }: MountedServo): Pick<DynamixelSetup, 'supply' | 'ambient'> => ({
  ...(supply !== undefined && { supply }),
  ...(ambient !== undefined && { ambient }),
})

/** What this unit's EEPROM holds: who it is, how fast it talks, and what calibration has written. */
function eepromOf({ spec: { servo }, baudRate, calibration }: MountedServo): Partial<Record<RegisterName, number>> {
  return {
    id: servo.id,
    baudIndex: Math.max(0, (BAUD_RATES as readonly number[]).indexOf(baudRate)),
    ...(servo.mode === 'velocity' && { operatingMode: MODE.velocity }),
    ...(calibration && {
      homingOffset: calibration.homingOffset,
      minPosition: calibration.rangeMin,
      maxPosition: calibration.rangeMax,
    }),
  }
}
