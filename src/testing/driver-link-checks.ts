import type { Problem } from '../base/problem.ts'
import { must } from './conformance.ts'
import { type DriverRig, later, refusalOf } from './driver-rig.ts'

/** Opening, closing and losing the link. */

export async function opensOnce(rig: DriverRig): Promise<void> {
  must(!rig.bus.isOpen && rig.port.opens === 0, 'a bus that was only made has opened its port')
  await rig.run(Promise.all([rig.bus.open(), rig.bus.open()]))
  must(rig.bus.isOpen && rig.port.opens === 1, `two calls of open opened the port ${rig.port.opens} times`)
  await rig.power()
}

export async function closes(rig: DriverRig): Promise<void> {
  await rig.power()
  const reading = later(rig.bus.readMotion())
  await rig.begun()
  const before = rig.port.written.length
  await rig.run(rig.bus.close())
  await refusalOf(rig, reading, 'a reading under way when the bus was closed')
  must(!rig.bus.isOpen, 'a closed bus says that it is open')
  must(rig.port.written.length === before, 'close wrote to the port: power is the matter of the safety layer')
  rig.mustHavePower(rig.ids, true, 'because the bus was closed')
}

export async function refusesWhenClosed(rig: DriverRig): Promise<void> {
  await rig.run(rig.bus.close())
  const before = rig.port.written.length
  await refusalOf(rig, rig.bus.readMotion(), 'a reading of a closed bus')
  await refusalOf(rig, rig.bus.writeSetpoints([{ id: rig.a, position: 0 }]), 'a setpoint for a closed bus')
  await refusalOf(rig, rig.bus.inspect(rig.a), 'inspect of a closed bus')
  must(rig.port.written.length === before, 'a closed bus wrote to its port')
}

export async function isLostOnce(rig: DriverRig): Promise<void> {
  await rig.power()
  const told: Problem[] = []
  rig.bus.onLost((problem) => told.push(problem))
  const reading = later(rig.bus.readMotion())
  await rig.begun()
  await rig.run(rig.port.pull())
  await refusalOf(rig, reading, 'a reading under way when the cable was pulled')
  await rig.clock.advance(1)
  must(told.length === 1, `the loss of the link was told ${told.length} times`)
  must(!rig.bus.isOpen, 'a bus whose link is lost says that it is open')
  must(rig.clock.pending === 0, `${rig.clock.pending} timers are left after the link was lost`)
  await refusalOf(rig, rig.bus.open(), 'opening without a cable')
}

export async function opensAgain(rig: DriverRig): Promise<void> {
  await rig.power()
  const waiting = [later(rig.bus.readMotion()), later(rig.bus.writeSetpoints([{ id: rig.a, position: 0 }]))]
  await rig.run(rig.port.pull())
  for (const promise of waiting) await refusalOf(rig, promise, 'what was asked over a link that was lost')
  rig.port.plug()
  await rig.open()
  const before = rig.port.written.length
  await rig.clock.advance(0.5)
  must(rig.port.written.length === before, 'a link that was opened again sent what was asked before')
  const samples = await rig.run(rig.bus.readMotion())
  must(samples.size === rig.ids.length, `over the new link ${samples.size} of ${rig.ids.length} servos were read`)
}
