import { type Clock, sleep } from '../base/clock.ts'
import type { Seconds } from '../base/units.ts'
import type { ServoBus, ServoBusSpec } from '../device/servo-bus.ts'

export interface SwitchOffOptions {
  readonly clock: Clock
  /** The servos to read back, shadows by their own ids. One that a family cannot have is silent there. */
  readonly ids: readonly number[]
  /** How often the off frame is sent, in case a copy collides with somebody else's. Default 3. */
  readonly times?: number | undefined
  /** Between two of them. Default 20 ms. */
  readonly gap?: Seconds | undefined
  /**
   * How often each servo is asked until it answers. Default 5: what it says is what a person acts on. How long it may
   * take, and how often its bus asks within one try, is the matter of the spec (`slack`, `tries`).
   */
  readonly tries?: number | undefined
}

/** What was read back after the off frames. */
export interface SwitchedOff {
  readonly off: readonly number[]
  /** These answered that they still have power. */
  readonly powered: readonly number[]
  /** These did not answer: nothing is known of them. */
  readonly silent: readonly number[]
  /** The families in whose words somebody answered. */
  readonly families: readonly string[]
}

/**
 * Tells every servo on a line to let go, without a robot: the family's frame to all of them, several times, then a look
 * at the torque of each id. For when the program that had the line hangs or is gone; joints fall. Several specs of one
 * line, where nobody knows who is on it: the frames of all of them go out before anybody is asked anything, and what one
 * family says is noise to the servos of another. Each opens and closes the port. Rejects with a `TendonError` when a port
 * cannot be opened or is lost.
 */
export async function switchOff(
  line: ServoBusSpec | readonly ServoBusSpec[],
  options: SwitchOffOptions,
): Promise<SwitchedOff> {
  const { ids, tries = 5 } = options
  const specs = [line].flat()
  const powered = new Map<number, boolean>()
  const families = new Set<string>()
  const look = async (spec: ServoBusSpec, most: number): Promise<void> =>
    onBus(spec, options, async (bus) => {
      for (const id of ids) {
        if (powered.has(id)) continue
        const found = await torqueOf(bus, id, most)
        if (found === undefined) continue
        powered.set(id, found)
        families.add(spec.family)
      }
    })

  const [only, ...others] = specs
  if (only && others.length === 0) await look(only, tries)
  else {
    for (const spec of specs) await onBus(spec, options, async () => {})
    // Each id once in every family, and only then again: most of them are silent in all families but one.
    for (let round = 0; round < tries && ids.some((id) => !powered.has(id)); round++)
      for (const spec of specs) await look(spec, 1)
  }
  return {
    off: ids.filter((id) => powered.get(id) === false),
    powered: ids.filter((id) => powered.get(id) === true),
    silent: ids.filter((id) => !powered.has(id)),
    families: [...families],
  }
}

/** Opens the bus, sends the off frames, and lends it. A stop that freezes nobody is the family's frame to everybody. */
async function onBus(
  spec: ServoBusSpec,
  { clock, ids, times = 3, gap = 0.02 }: SwitchOffOptions,
  use: (bus: ServoBus) => Promise<void>,
): Promise<void> {
  const bus = spec.create({ clock }, [])
  await bus.open()
  try {
    for (let sent = 0; sent < times; sent++) {
      bus.stop({ cut: ids, freeze: [] })
      await sleep(clock, gap)
    }
    await use(bus)
  } finally {
    await bus.close()
  }
}

/** Undefined when it does not answer. */
async function torqueOf(bus: ServoBus, id: number, tries: number): Promise<boolean | undefined> {
  for (let tried = 0; tried < tries; tried++)
    try {
      const powered = await bus.readTorque(id)
      if (powered !== undefined) return powered
    } catch (error) {
      if (!bus.isOpen) throw error
      // No servo of this family can have this id, or the line refused: nobody has answered.
    }
  return undefined
}
