import { type Card, type CardBus, forgetBuses, readCard } from '../control/card.ts'
import { namesIn } from '../control/find.ts'
import { foldersHere } from '../control/place.ts'
import { deviceOf } from '../setup/adapter.ts'

/** A robot that has, or had, a port. */
export interface Owner {
  readonly folder: string
  readonly card: Card
  /** Its buses on this port. */
  readonly buses: readonly CardBus[]
}

/** Every robot whose card names the device of this port, whatever the card calls it. */
export async function ownersOf(port: string): Promise<Owner[]> {
  const device = await deviceBehind(port)
  const owners: Owner[] = []
  for (const folder of foldersHere())
    for (const name of namesIn(folder)) {
      const card = readCard(folder, name)
      if (!card) continue
      const devices = await Promise.all(card.buses.map((bus) => deviceBehind(bus.port)))
      const buses = card.buses.filter((_, index) => devices[index] === device)
      if (buses.length > 0) owners.push({ folder, card, buses })
    }
  return owners
}

/** What cannot be looked up is only the same where it is written the same. */
const deviceBehind = (port: string): Promise<string> => deviceOf(port).catch(() => port)

/** Takes these buses off the card of a robot whose program is gone; gives why that could not be done. */
export function forget({ folder, card }: Owner, buses: readonly CardBus[]): string | undefined {
  try {
    forgetBuses(folder, card, buses)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
