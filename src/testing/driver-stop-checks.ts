import type { StopPlan } from '../device/servo-bus.ts'
import { must, thrownBy } from './conformance.ts'
import { type DriverRig, later, refusalOf } from './driver-rig.ts'

/** Power and stop: what the safety layer relies on. */

const cutAll = (rig: DriverRig): StopPlan => ({ cut: rig.ids, freeze: [] })

/** Calls stop, and sees that bytes were handed to the port before it returned. */
function stopNow(rig: DriverRig, plan: StopPlan): void {
  const before = rig.port.written.length
  rig.bus.stop(plan)
  must(rig.port.written.length > before, 'stop returned, and nothing was written yet')
}

export async function powersWhereItStands(rig: DriverRig): Promise<void> {
  await rig.power()
  // Its power goes in mid-motion, so that its goal lies elsewhere than it does.
  await rig.turn(rig.a, 0.6, 0.3)
  await rig.run(rig.bus.setTorque([rig.a], false))
  rig.mustHavePower([rig.a], false, 'after setTorque off')
  await rig.clock.advance(0.5)
  const before = (await rig.sample(rig.a)).position
  await rig.power()
  await rig.clock.advance(1.5)
  const moved = Math.abs((await rig.sample(rig.a)).position - before)
  must(moved < 0.02, `servo ${rig.a} moved by ${moved} rad because it got power`)
  for (const id of rig.ids)
    must((await rig.run(rig.bus.readTorque(id))) === true, `readTorque of servo ${id} is not true`)
}

export async function confirmsPowerOneByOne(rig: DriverRig): Promise<void> {
  const absent = rig.absent.servo.id
  for (const on of [true, false]) {
    const confirmed = await rig.run(rig.bus.setTorque([absent, ...rig.ids], on))
    must(!confirmed.has(absent), 'a servo that is not there confirmed its power')
    const missing = rig.ids.filter((id) => !confirmed.has(id))
    must(missing.length === 0, `a silent servo kept ${missing.join(', ')} from being confirmed`)
    rig.mustHavePower(rig.ids, on, `after setTorque ${on ? 'on' : 'off'}`)
    for (const id of rig.ids) must((await rig.run(rig.bus.readTorque(id))) === on, `readTorque of servo ${id} is wrong`)
  }
}

export async function stopsAtOnce(rig: DriverRig): Promise<void> {
  await rig.power()
  stopNow(rig, cutAll(rig))
  await rig.clock.advance(0.02)
  rig.mustHavePower(rig.ids, false, 'after a stop')
  must(rig.bus.health().stops === 1, `health counts ${rig.bus.health().stops} stops after one`)
}

/** In steps that no wire speed divides. */
const PHASES = Array.from({ length: 20 }, (_, i) => i * 0.000_37)

export async function stopsDuringExchanges(rig: DriverRig): Promise<void> {
  for (const phase of PHASES) {
    await rig.power()
    const reading = later(rig.bus.readStatus())
    await (phase > 0 ? rig.clock.advance(phase) : rig.begun())
    stopNow(rig, cutAll(rig))
    await rig.clock.advance(0.02)
    rig.mustHavePower(rig.ids, false, `after a stop ${phase} s into a reading`)
    await rig.run(reading.catch(() => undefined))
  }
}

export async function stopsTwice(rig: DriverRig): Promise<void> {
  await rig.power()
  rig.port.swallow(1)
  stopNow(rig, cutAll(rig))
  await rig.clock.advance(0.1)
  rig.mustHavePower(rig.ids, false, 'after a stop whose first frame was lost')
}

export async function dropsSetpoints(rig: DriverRig): Promise<void> {
  await rig.power()
  const { position } = await rig.sample(rig.a)
  const reading = later(rig.bus.readMotion())
  await rig.begun()
  const waiting = later(rig.bus.writeSetpoints([{ id: rig.a, position: position + 0.4 }]))
  const cut = rig.ids.filter((id) => id !== rig.a)
  stopNow(rig, { cut, freeze: [{ id: rig.a, position }] })
  await refusalOf(rig, waiting, 'a setpoint that waited when the stop came')
  await rig.run(reading.catch(() => undefined))
  await rig.clock.advance(2)
  const moved = Math.abs((await rig.sample(rig.a)).position - position)
  must(moved < 0.05, `a setpoint that a stop had overtaken moved the servo by ${moved} rad`)
}

export async function overtakesPowerOn(rig: DriverRig): Promise<void> {
  for (const phase of PHASES) {
    const powering = later(rig.bus.setTorque(rig.ids, true))
    await (phase > 0 ? rig.clock.advance(phase) : rig.begun())
    stopNow(rig, cutAll(rig))
    const confirmed = await rig.run(powering.catch(() => new Set<number>()))
    await rig.clock.advance(0.1)
    rig.mustHavePower(rig.ids, false, `after a stop ${phase} s into setTorque on`)
    must(phase > 0 || confirmed.size === 0, () => `setTorque confirmed [${[...confirmed]}] although a stop came first`)
  }
}

export async function freezesAndCuts(rig: DriverRig): Promise<void> {
  await rig.power()
  await rig.turn(rig.b, 0.8, 0.4)
  const { position } = await rig.sample(rig.b)
  const others = rig.ids.filter((id) => id !== rig.b)
  stopNow(rig, { cut: others, freeze: [{ id: rig.b, position }] })
  await rig.clock.advance(2)
  rig.mustHavePower(others, false, 'although the stop cut it')
  rig.mustHavePower([rig.b], true, 'although the stop froze it')
  const moved = Math.abs((await rig.sample(rig.b)).position - position)
  must(moved < 0.1, `a frozen servo went on by ${moved} rad`)
}

export async function goesOnAfterStops(rig: DriverRig): Promise<void> {
  await rig.power()
  for (let i = 0; i < 5; i++) stopNow(rig, cutAll(rig))
  const samples = await rig.run(rig.bus.readMotion())
  must(samples.size === rig.ids.length, `right after five stops ${samples.size} of ${rig.ids.length} servos were read`)
  rig.mustHavePower(rig.ids, false, 'after five stops')
  await rig.power()
}

export async function boundsWhatWaits(rig: DriverRig): Promise<void> {
  await rig.power()
  const requests = Array.from({ length: 1000 }, () =>
    rig.bus.readTorque(rig.a).then(
      () => 'answered',
      () => 'refused',
    ),
  )
  stopNow(rig, cutAll(rig))
  await rig.clock.advance(0.02)
  rig.mustHavePower(rig.ids, false, 'after a stop behind 1000 requests')
  const ends = await rig.run(Promise.all(requests))
  must(ends.includes('refused'), '1000 requests at once were all taken: what waits has no bound')
}

export async function stopNeedsALink(rig: DriverRig): Promise<void> {
  await thrownBy(() => rig.bus.stop(cutAll(rig)), 'stop of a bus that was never opened')
  await rig.open()
  await rig.run(rig.bus.close())
  await thrownBy(() => rig.bus.stop(cutAll(rig)), 'stop of a bus that was closed')
}
