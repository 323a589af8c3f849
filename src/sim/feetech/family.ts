import type { MountedServo, ServoUnit, SimulatedFamily } from '../family.ts'
import { toRaw } from '../scale.ts'
import { FeetechBus } from './bus.ts'
import { BAUD_RATES, type RegisterName } from './registers.ts'
import { FeetechServo, SCALE, type ServoSetup } from './servo.ts'

/** Model numbers (register 3) by model. */
const MODELS: Readonly<Record<string, number>> = { STS3215: 777 }
const VELOCITY_MODE = 1

/** Feetech STS servos on a serial line. */
export const feetechFamily: SimulatedFamily = {
  family: 'feetech',
  models: Object.keys(MODELS),
  baudRate: 1_000_000,
  servos: (mounted) => [new FeetechServo(setupOf(mounted))],
  line: ({ servos, timeline, random, ...options }) =>
    new FeetechBus({ ...options, servos: servos.filter(isFeetech) }, timeline, random),
}

const isFeetech = (servo: ServoUnit): servo is FeetechServo => servo instanceof FeetechServo

function setupOf(mounted: MountedServo): ServoSetup {
  const { angle, travel, gravity, supply, ambient, registers } = mounted
  return {
    gravity,
    position: toRaw(SCALE, angle),
    ...(travel && { travel: [toRaw(SCALE, travel[0]), toRaw(SCALE, travel[1])] as const }),
    ...(supply !== undefined && { supply }),
    ...(ambient !== undefined && { ambient }),
    registers: { ...eepromOf(mounted), ...registers },
  }
}

/** What this unit's EEPROM holds: who it is, how fast it talks, and what calibration has written. */
function eepromOf({ spec: { servo }, baudRate, calibration }: MountedServo): Partial<Record<RegisterName, number>> {
  return {
    modelNumber: MODELS[servo.model] ?? 0,
    id: servo.id,
    baudIndex: Math.max(0, (BAUD_RATES as readonly number[]).indexOf(baudRate)),
    ...(servo.mode === 'velocity' && { mode: VELOCITY_MODE }),
    ...(calibration && {
      positionOffset: calibration.homingOffset,
      minPosition: calibration.rangeMin,
      maxPosition: calibration.rangeMax,
    }),
  }
}
