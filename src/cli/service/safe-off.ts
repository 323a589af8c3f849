import { type RobotDefinition, systemClock } from 'tendon'
import { type ServoBus, type ServoBusSpec, TendonError } from 'tendon/device'
import { pastTheLock } from '../setup/port-name.ts'

/** What was found of one bus. */
export interface BusOff {
  readonly bus: string
  readonly port: string
  readonly off: readonly string[]
  /** Joints whose policy is to keep their power: they were left as they are. */
  readonly holding: readonly string[]
  /** Joints of which nobody can say that they have no power. */
  readonly unknown: readonly string[]
  /** Why nothing could be written at all. */
  readonly reason?: string
}

/** How often the frame is sent, and each servo asked: they may collide with what a guard still writes. */
const TIMES = 3
/** Between two of them, in milliseconds. */
const GAP = 20

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

interface Mounted {
  readonly joint: string
  readonly id: number
  readonly holds: boolean
}

/**
 * Takes the power of every servo of a robot whose program is gone, by its own definition: joints that hold are left
 * holding, every other one is told to let go and read back. The ports are opened past whoever still has them. Never
 * rejects: what could not be done is in what it resolves to.
 */
export async function safeOff({ hardware }: RobotDefinition): Promise<BusOff[]> {
  const found: BusOff[] = []
  for (const [name, bus] of Object.entries(hardware.buses)) {
    const servos = Object.entries(hardware.joints).flatMap(([joint, { servo, stop }]): Mounted[] =>
      servo?.bus === name ? [{ joint, id: servo.id, holds: stop === 'hold' }] : [],
    )
    if (servos.length > 0) found.push(await busOff(name, bus, servos, hardware))
  }
  return found
}

/** Asks again for those that did not answer: what is said of them is what a person acts on. */
async function letGo(bus: ServoBus, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const off = new Set<number>()
  for (let asked = 0; asked < TIMES && off.size < ids.length; asked++) {
    const open = ids.filter((id) => !off.has(id))
    for (const id of await bus.setTorque(open, false)) off.add(id)
  }
  return off
}

async function busOff(
  name: string,
  spec: ServoBusSpec,
  servos: readonly Mounted[],
  hardware: RobotDefinition['hardware'],
): Promise<BusOff> {
  const { kind, address, baudRate } = spec.port
  const joints = (some: readonly Mounted[]): string[] => some.map(({ joint }) => joint)
  const [holding, others] = [servos.filter(({ holds }) => holds), servos.filter(({ holds }) => !holds)]
  const line = kind === 'serial' ? pastTheLock(address, baudRate ?? 1_000_000) : spec.port
  const mounts = servos.flatMap(({ joint }) => {
    const servo = hardware.joints[joint]?.servo
    return servo ? [{ joint, servo }] : []
  })
  const bus = spec.withPort(line).create({ clock: systemClock }, mounts)
  try {
    await bus.open()
    if (holding.length === 0)
      for (let sent = 0; sent < TIMES; sent++) {
        bus.stop({ cut: others.map(({ id }) => id), freeze: [] })
        await pause(GAP)
      }
    // Acknowledged, one by one, and read back: a joint that holds is not touched.
    const off = await letGo(
      bus,
      others.map(({ id }) => id),
    )
    return {
      bus: name,
      port: address,
      off: joints(others.filter(({ id }) => off.has(id))),
      holding: joints(holding),
      unknown: joints(others.filter(({ id }) => !off.has(id))),
    }
  } catch (error) {
    const reason = error instanceof TendonError ? error.problem.what : String(error)
    return { bus: name, port: address, off: [], holding: [], unknown: joints(servos), reason }
  } finally {
    await bus.close()
  }
}
