import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoInspection, ServoMount } from '../../device/servo-bus.ts'
import { alarmsOf } from './alarms.ts'
import { calibratedRegisters } from './calibration.ts'
import type { RegisterAccess } from './register-access.ts'
import {
  ANSWERS_EVERYTHING,
  endOf,
  POSITION_MODE,
  type Register,
  STS3215,
  STS3215_MODEL_NUMBER,
  valueIn,
} from './registers.ts'
import { toAngle, toVolts } from './units.ts'

/** Where the volatile registers begin; everything below survives power-off. */
const RAM = STS3215.torque.address
const END = endOf(STS3215.present_current)

/** Asks one servo everything that arming must know, in three exchanges. Rejects with a `TendonError`. */
export async function inspectServo(access: RegisterAccess, id: number): Promise<ServoInspection> {
  const mount = access.mountOf(id)
  await access.ping(id)
  const memory = new Uint8Array(END)
  memory.set(await access.block(id, 0, RAM), 0)
  memory.set(await access.block(id, RAM, END - RAM), RAM)
  const value = (register: Register): number => valueIn(memory, 0, register)
  checkModel(access, id, value(STS3215.model))
  return {
    id,
    model: mount.servo.model,
    firmware: `${value(STS3215.firmware_major)}.${value(STS3215.firmware_minor)}`,
    powered: value(STS3215.torque) !== 0,
    voltage: toVolts(value(STS3215.present_voltage)),
    voltageRange: [toVolts(value(STS3215.min_voltage)), toVolts(value(STS3215.max_voltage))],
    temperature: value(STS3215.present_temperature),
    temperatureLimit: value(STS3215.max_temperature),
    alarms: alarmsOf(value(STS3215.status)),
    position: toAngle(value(STS3215.present_position)),
    mismatches: mismatchesOf(mount, value),
  }
}

function checkModel(access: RegisterAccess, id: number, actual: number): void {
  if (actual === STS3215_MODEL_NUMBER) return
  const facts = { ...access.placeOf(id), expected: STS3215_MODEL_NUMBER, actual }
  throw new TendonError(problem('TENDON_SERVO_WRONG_MODEL', facts))
}

function mismatchesOf(mount: ServoMount, value: (register: Register) => number): ServoInspection['mismatches'] {
  const expected: (readonly [Register, number])[] = [
    // The mode of a wheel is set by `configure`: a new servo is in position mode. An arm's servo that is in velocity mode
    // was somebody's wheel, and is not silently made an arm's.
    ...(mount.servo.mode === 'velocity' ? [] : ([[STS3215.mode, POSITION_MODE]] as const)),
    [STS3215.response_level, ANSWERS_EVERYTHING],
    ...(mount.calibration ? calibratedRegisters(mount.calibration) : []),
  ]
  return expected
    .map(([register, wanted]) => ({ register: register.name, expected: wanted, actual: value(register) }))
    .filter(({ expected, actual }) => expected !== actual)
}
