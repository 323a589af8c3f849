import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { ServoInspection, ServoMount } from '../../device/servo-bus.ts'
import { alarmsOf } from './alarms.ts'
import { calibratedRegisters } from './calibration.ts'
import { LARGEST_ID } from './frame.ts'
import { OPERATING_MODES } from './models.ts'
import type { RegisterAccess } from './register-access.ts'
import { endOf, NO_SECONDARY_ID, type Register, valueIn, X_SERIES } from './registers.ts'
import { limitsIn, type ServoLimits } from './servo-limits.ts'
import { modelOf, optionsOf, shadowsOf } from './servos.ts'
import { driveModeOf } from './settings.ts'
import { toAngle, toVolts } from './units.ts'

/** Where the volatile registers begin; everything below survives power-off. */
const RAM = X_SERIES.torque.address
const END = endOf(X_SERIES.present_temperature)

type ValueOf = (register: Register) => number
type Mismatch = ServoInspection['mismatches'][number]

/** What was found out about one joint's servo, and what its own registers allow it. */
export interface Inspected {
  readonly inspection: ServoInspection
  readonly limits: ServoLimits
}

/**
 * Asks one servo and its shadows everything that arming must know. A joint has power when one of them has, is as warm as
 * the warmest, and has the alarms and mismatches of all. The operating mode is no mismatch: arming sets it. Rejects with a
 * `TendonError`.
 */
export async function inspectServo(access: RegisterAccess, id: number): Promise<Inspected> {
  const mount = access.mountOf(id)
  const { firmware } = await access.ping(id)
  const value = await memoryOf(access, id)
  const options = optionsOf(mount.servo)
  const wrong = [...ownMismatches(mount, value)]
  const all: ValueOf[] = [value]
  for (const shadow of shadowsOf(options)) {
    const its = await memoryOf(access, shadow.id)
    all.push(its)
    const rows = shadowMismatches(value, its, id, (options.reversed ?? false) !== shadow.mirrored)
    wrong.push(...rows.map((row) => ({ ...row, register: `${row.register} of shadow ${shadow.id}` })))
  }
  const inspection: ServoInspection = {
    id,
    model: mount.servo.model,
    firmware: String(firmware),
    powered: all.some((its) => its(X_SERIES.torque) !== 0),
    voltage: toVolts(value(X_SERIES.present_voltage)),
    voltageRange: [toVolts(value(X_SERIES.min_voltage)), toVolts(value(X_SERIES.max_voltage))],
    temperature: Math.max(...all.map((its) => its(X_SERIES.present_temperature))),
    temperatureLimit: value(X_SERIES.temperature_limit),
    alarms: alarmsOf(all.reduce((bits, its) => bits | its(X_SERIES.hardware_error), 0)),
    position: toAngle(value(X_SERIES.present_position)),
    mismatches: wrong,
  }
  return { inspection, limits: limitsIn(mount, value) }
}

function ownMismatches({ servo, calibration }: ServoMount, value: ValueOf): Mismatch[] {
  return mismatches(value, [
    [X_SERIES.drive_mode, driveModeOf(optionsOf(servo).reversed ?? false)],
    // One that follows another servo moves when that one does.
    [X_SERIES.secondary_id, follows(value, servo.id) ? NO_SECONDARY_ID : value(X_SERIES.secondary_id)],
    ...(calibration ? calibratedRegisters(calibration) : []),
  ])
}

function shadowMismatches(value: ValueOf, its: ValueOf, leader: number, reversed: boolean): Mismatch[] {
  const wanted = [
    [X_SERIES.secondary_id, leader],
    [X_SERIES.drive_mode, driveModeOf(reversed)],
  ] as const
  return [...mismatches(its, wanted), ...apart(value, its)]
}

/** How far two servos on one joint may differ in what they tell of its position, in steps: two degrees. */
const APART = 23

/** Two servos that go to the same goal from different zeros push against each other as soon as they have power. */
function apart(value: ValueOf, its: ValueOf): Mismatch[] {
  const [expected, actual] = [value(X_SERIES.present_position), its(X_SERIES.present_position)]
  const counts = value(X_SERIES.operating_mode) !== OPERATING_MODES.velocity
  if (!counts || Math.abs(expected - actual) <= APART) return []
  return [{ register: X_SERIES.present_position.name, expected, actual }]
}

/** Its own id as the second one makes it follow nobody; from 253 on it is none. */
function follows(value: ValueOf, id: number): boolean {
  const other = value(X_SERIES.secondary_id)
  return other !== id && other <= LARGEST_ID
}

/** All that a servo says of itself, in two exchanges; rejects unless it is of the model of its mount. */
async function memoryOf(access: RegisterAccess, id: number): Promise<ValueOf> {
  const memory = new Uint8Array(END)
  memory.set(await access.block(id, 0, RAM), 0)
  memory.set(await access.block(id, RAM, END - RAM), RAM)
  const value: ValueOf = (register) => valueIn(memory, 0, register)
  const { number: expected } = modelOf(access.mountOf(id).servo)
  const actual = value(X_SERIES.model)
  if (actual === expected) return value
  const facts = { ...access.placeOf(id), expected, actual }
  throw new TendonError(problem('TENDON_SERVO_WRONG_MODEL', facts))
}

const mismatches = (value: ValueOf, wanted: readonly (readonly [Register, number])[]): Mismatch[] =>
  wanted
    .map(([register, expected]) => ({ register: register.name, expected, actual: value(register) }))
    .filter(({ expected, actual }) => expected !== actual)
