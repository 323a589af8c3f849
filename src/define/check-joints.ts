import type { HardwareMap } from '../device/hardware-map.ts'
import { isSpeedJoint, type JointSpec, toJoint, toServo } from '../device/joint.ts'
import { checkKnown, type Report } from './faults.ts'
import { isName } from './names.ts'
import type { RobotSpec } from './robot-model.ts'

/** Checks joints against themselves, their buses and each other. */
export function checkJoints(spec: RobotSpec, hardware: HardwareMap, report: Report): void {
  const servos = new Map<string, string>()
  const children = new Map<string, string>()
  for (const [name, joint] of Object.entries(hardware.joints)) {
    const path = `joints.${name}`
    if (!isName(name)) report(path, `'${name}' is not a name.`, 'Use letters, digits and _, beginning with a letter.')
    if (spec.resources?.includes(name)) report(path, 'a resource has the same name.', 'Rename one of them.')
    checkGeometry(path, joint, report)
    checkServo(path, name, joint, hardware, servos, report)
    checkMimic(path, name, hardware.joints, report)
    if (joint.child === undefined) continue
    const other = children.get(joint.child)
    if (other) report(`${path}.child`, `${joint.child} is the child of ${other} too.`, 'A link has one parent joint.')
    children.set(joint.child, name)
  }
  const joints = Object.keys(hardware.joints)
  for (const [name, { rangeMin, rangeMax }] of Object.entries(hardware.calibration)) {
    checkKnown(`calibration.${name}`, 'joint', name, joints, report)
    if (!(rangeMin < rangeMax)) report(`calibration.${name}`, 'rangeMin is not below rangeMax.', 'Calibrate it again.')
    const joint = hardware.joints[name]
    if (joint && isSpeedJoint(joint))
      report(`calibration.${name}`, 'a joint that turns at speeds has no zero and no range.', 'Leave it out.')
  }
}

function checkPosition(path: string, joint: JointSpec, report: Report): void {
  const [min, max] = joint.position
  if (isSpeedJoint(joint)) {
    if (Number.isFinite(min) || Number.isFinite(max))
      report(`${path}.position`, 'a joint that turns at speeds has no limits of position.', 'Leave position out.')
  } else if (!(Number.isFinite(min) && Number.isFinite(max)))
    report(`${path}.position`, 'a limit is not a finite number.', 'Give both limits in radians, or with deg().')
  else if (min >= max)
    report(`${path}.position`, `the lower limit ${min} is not below the upper limit ${max}.`, 'Write [lower, upper].')
}

function checkGeometry(path: string, joint: JointSpec, report: Report): void {
  checkPosition(path, joint, report)
  for (const name of ['velocity', 'acceleration', 'effort', 'tolerance'] as const) {
    const value = joint[name]
    if (value !== undefined && !(value > 0 && Number.isFinite(value)))
      report(`${path}.${name}`, `${value} is not a magnitude.`, 'Use a finite number above 0, in SI units.')
  }
  if (joint.velocity === undefined) report(`${path}.velocity`, 'a joint needs one.', 'velocity: degPerSec(180)')
  if (joint.gear !== undefined && !(joint.gear > 0 && Number.isFinite(joint.gear)))
    report(`${path}.gear`, `${joint.gear} is not a gear ratio.`, 'Use a number above 0; direction: -1 reverses.')
  if (joint.axis && Math.abs(Math.hypot(...joint.axis) - 1) > 1e-6)
    report(`${path}.axis`, `[${joint.axis.join(', ')}] is not a unit vector.`, 'Scale it to length 1.')
}

/** A joint that follows another has no servo, and in the end follows one that does not follow. */
function checkMimic(path: string, name: string, joints: HardwareMap['joints'], report: Report): void {
  const { mimic, servo } = joints[name] ?? {}
  if (!mimic) return
  if (servo) report(`${path}.mimic`, 'a joint with a servo follows nobody.', 'Leave out mimic, or the servo.')
  for (const factor of ['multiplier', 'offset'] as const)
    if (mimic[factor] !== undefined && !Number.isFinite(mimic[factor]))
      report(`${path}.mimic.${factor}`, `${mimic[factor]} is not a finite number.`, 'Use a finite number.')
  if (!Object.hasOwn(joints, mimic.joint)) {
    checkKnown(`${path}.mimic.joint`, 'joint', mimic.joint, Object.keys(joints), report)
    return
  }
  const seen = [name]
  for (let next: string | undefined = mimic.joint; next !== undefined; next = joints[next]?.mimic?.joint) {
    if (seen.includes(next)) {
      report(
        `${path}.mimic.joint`,
        `${[...seen, next].join(' follows ')}.`,
        'Let it follow a joint that moves by itself.',
      )
      return
    }
    seen.push(next)
  }
}

function checkServo(
  path: string,
  name: string,
  joint: JointSpec,
  hardware: HardwareMap,
  servos: Map<string, string>,
  report: Report,
): void {
  const { servo } = joint
  if (!servo) return
  if (joint.stop === undefined)
    report(`${path}.stop`, 'a powered joint needs a stop policy.', "stop: 'cut', 'park' or 'hold'")
  const bus = hardware.buses[servo.bus]
  if (!bus) checkKnown(`${path}.servo`, 'bus', servo.bus, Object.keys(hardware.buses), report)
  else if (bus.family !== servo.family)
    report(
      `${path}.servo`,
      `${servo.model} speaks ${servo.family}, and the bus ${servo.bus} ${bus.family}.`,
      'Use a bus of its family.',
    )
  const { min, max } = servo.ids
  if (!(Number.isInteger(servo.id) && servo.id >= min && servo.id <= max))
    report(`${path}.servo`, `${servo.id} is not a servo id.`, `Use a whole number from ${min} to ${max}.`)
  for (const id of [servo.id, ...(servo.shadows ?? [])]) {
    const key = `${servo.bus}:${id}`
    const other = servos.get(key)
    if (other)
      report(
        `${path}.servo`,
        `${other} has the id ${id} on the bus ${servo.bus} too.`,
        'Each servo of a bus has an id of its own, one that follows another too.',
      )
    servos.set(key, name)
  }
  checkTravel(path, joint, report)
}

/** A servo that knows how far it turns cannot take its joint further. */
function checkTravel(path: string, joint: JointSpec, report: Report): void {
  const { travel } = joint.servo ?? {}
  if (!travel || isSpeedJoint(joint)) return
  const ends = joint.position.map((limit) => toServo(joint, limit))
  // Angles that were computed to and fro are not exact.
  if (ends.every((end) => end >= travel[0] - 1e-9 && end <= travel[1] + 1e-9)) return
  const [low, high] = travel.map((end) => toJoint(joint, end)).sort((a, b) => a - b)
  report(`${path}.position`, 'its servo does not turn that far.', `Stay between ${low} and ${high} rad.`)
}
