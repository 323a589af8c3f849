import { must } from './conformance.ts'
import { type DriverRig, refusalOf } from './driver-rig.ts'

/** Reading, asking, and what a disturbed line makes of them. */

export async function readsAll(rig: DriverRig): Promise<void> {
  for (const read of [rig.bus.readMotion.bind(rig.bus), rig.bus.readStatus.bind(rig.bus)]) {
    await rig.clock.advance(1)
    const before = rig.clock.now()
    const samples = await rig.run(read())
    for (const id of rig.ids) {
      const sample = samples.get(id)
      must(sample?.id === id, `servo ${id} is missing from a reading of all, or under another's id`)
      const numbers = [sample?.position, sample?.velocity, sample?.load]
      must(numbers.every(Number.isFinite), `servo ${id} was read as ${numbers}`)
      const at = sample?.at ?? Number.NaN
      must(
        at >= before && at <= rig.clock.now(),
        `the reading of servo ${id} says ${at} s, and now is ${rig.clock.now()}`,
      )
    }
    must(samples.size === rig.ids.length, `a reading of all has ${samples.size} servos`)
  }
  const one = await rig.run(rig.bus.readMotion([rig.b]))
  must(one.size === 1 && one.has(rig.b), () => `a reading of servo ${rig.b} has [${[...one.keys()]}]`)
}

export async function leavesOutTheSilent(rig: DriverRig): Promise<void> {
  const samples = await rig.run(rig.bus.readMotion())
  must(!samples.has(rig.absent.servo.id), 'a servo that is not there was read')
  for (const id of rig.ids) must(samples.has(id), `servo ${id} is missing because another one is silent`)
}

export async function retriesLostReplies(rig: DriverRig): Promise<void> {
  const before = await rig.run(rig.bus.readMotion())
  rig.port.lose(1)
  const samples = await rig.run(rig.bus.readMotion())
  must(samples.size === rig.ids.length, `after one lost reply ${samples.size} of ${rig.ids.length} servos were read`)
  mustAgree(before, samples)
  must(rig.bus.health().retries > 0, 'health counts no retry')
}

export async function retriesGarbledReplies(rig: DriverRig): Promise<void> {
  const before = await rig.run(rig.bus.readMotion())
  rig.port.garble(1)
  const samples = await rig.run(rig.bus.readMotion())
  must(samples.size === rig.ids.length, `after one garbled reply ${samples.size} of ${rig.ids.length} servos were read`)
  mustAgree(before, samples)
}

type Samples = Awaited<ReturnType<DriverRig['bus']['readMotion']>>

/** The servos are at rest, so two readings agree. */
function mustAgree(before: Samples, after: Samples): void {
  for (const [id, { position }] of after) {
    const was = before.get(id)?.position ?? Number.NaN
    must(Math.abs(position - was) < 0.01, `servo ${id} at rest was read at ${position} rad and before at ${was}`)
  }
}

const MOST_WRITES = 100

export async function givesUpWithinABudget(rig: DriverRig): Promise<void> {
  for (const disturb of ['lose', 'garble'] as const) {
    rig.port[disturb](10_000)
    const before = rig.port.written.length
    const samples = await rig.run(rig.bus.readMotion())
    must(
      samples.size === 0,
      () => `servos [${[...samples.keys()]}] were read, and every reply was disturbed (${disturb})`,
    )
    const writes = rig.port.written.length - before
    must(writes <= MOST_WRITES, `one reading wrote ${writes} frames before it gave up`)
    rig.port[disturb](0)
    const again = await rig.run(rig.bus.readMotion())
    must(again.size === rig.ids.length, `once the line was good again ${again.size} of ${rig.ids.length} were read`)
  }
  const { timeouts, corrupt } = rig.bus.health()
  must(timeouts > 0 && corrupt > 0, `health counts ${timeouts} timeouts and ${corrupt} corrupt replies`)
}

export async function inspects(rig: DriverRig): Promise<void> {
  for (const { servo } of rig.subject.servos) {
    const seen = await rig.run(rig.bus.inspect(servo.id))
    must(seen.id === servo.id && seen.model === servo.model, `servo ${servo.id} says it is ${seen.id}, a ${seen.model}`)
    must(seen.powered === rig.subject.powered(servo.id), `inspect says powered: ${seen.powered}`)
    const measured = [seen.voltage, ...(seen.voltageRange ?? [undefined]), seen.temperature, seen.temperatureLimit]
    const numbers = rig.subject.measures === false ? [seen.position] : [seen.position, ...measured]
    must(numbers.every(Number.isFinite), `inspect of servo ${servo.id} says ${numbers}`)
    await rig.run(rig.bus.configure(servo.id))
  }
}

export async function namesTheSilent(rig: DriverRig): Promise<void> {
  const { joint, servo } = rig.absent
  const { problem } = await refusalOf(rig, rig.bus.inspect(servo.id), 'inspect of a servo that is not there')
  const named = problem.facts.joint === joint || problem.what.includes(joint)
  must(named, `the problem does not name the joint ${joint}: ${problem.what}`)
  const torque = await rig.run(rig.bus.readTorque(servo.id))
  must(torque === undefined, `readTorque of a servo that is not there says ${torque}`)
}

export async function refusesNonsense(rig: DriverRig): Promise<void> {
  await rig.power()
  const before = rig.port.written.length
  for (const position of [Number.NaN, Infinity, -Infinity]) {
    const setpoints = [
      { id: rig.b, position: 0.1 },
      { id: rig.a, position },
    ]
    await refusalOf(rig, rig.bus.writeSetpoints(setpoints), `a setpoint at ${position}`)
  }
  must(rig.port.written.length === before, 'a refused setpoint wrote to the port')
}

export async function newestSetpointWins(rig: DriverRig): Promise<void> {
  await rig.power()
  const { position } = await rig.sample(rig.a)
  const reading = rig.bus.readMotion()
  await rig.begun()
  const before = rig.port.written.length
  const writes = Array.from({ length: 100 }, (_, i) =>
    rig.bus.writeSetpoints([{ id: rig.a, position: position + (i + 1) * 0.005, velocity: 2 }]),
  )
  await rig.run(Promise.all([reading, ...writes]))
  const frames = rig.port.written.length - before
  must(frames <= 10, `100 setpoints for one servo that waited for their turn were written as ${frames} frames`)
  await rig.clock.advance(5)
  const at = (await rig.sample(rig.a)).position
  must(
    Math.abs(at - position - 0.5) < 0.05,
    `the newest setpoint was ${position + 0.5} rad, and the servo went to ${at}`,
  )
}
