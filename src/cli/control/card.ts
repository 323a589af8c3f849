import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RobotDefinition } from 'tendon'
import type { ServoBusSpec } from 'tendon/device'
import type { Pca9685Spec } from 'tendon/pca9685'
import { chainOf } from '../setup/missing.ts'
import { isShared } from './place.ts'

/** A bus with real servos behind it. */
export interface CardBus {
  readonly name: string
  /** `feetech`, `dynamixel`, `pca9685`, or that of a driver from elsewhere. */
  readonly family: string
  /** `/dev/ttyACM0`, `serial:A50285BI`, `/dev/i2c-1`. */
  readonly port: string
  readonly baudRate: number | undefined
  /** The address of the chip, on an I2C bus. */
  readonly chip?: number | undefined
  /** Shadows as well, by their own ids: they have power of their own. */
  readonly servos: readonly { readonly joint: string; readonly id: number }[]
}

/**
 * What a running robot leaves beside its socket for the time when it cannot answer any more: which process it is, and
 * which servos may have power because of it.
 */
export interface Card {
  readonly robot: string
  readonly pid: number
  readonly buses: readonly CardBus[]
}

const fileOf = (folder: string, robot: string): string => join(folder, `${robot}.json`)

/** Ports that `tendon stop --port` can open again when the program that had them is gone. */
const WIRED = ['serial', 'i2c']

/** The card of a robot that this process is about to start. Buses that are behind no wire of this machine are left out. */
export function cardOf({ name, hardware }: RobotDefinition): Card {
  const buses = Object.entries(hardware.buses).flatMap(([bus, spec]): CardBus[] => {
    const { family, port } = spec
    if (!WIRED.includes(port.kind)) return []
    const chip = chipOf(spec)
    const servos = chainOf(hardware, bus)
    return [
      { name: bus, family, port: port.address, baudRate: port.baudRate, ...(chip !== undefined && { chip }), servos },
    ]
  })
  return { robot: name, pid: process.pid, buses }
}

const chipOf = (spec: ServoBusSpec): number | undefined =>
  spec.family === 'pca9685' ? (spec as Pca9685Spec).address : undefined

export function writeCard(folder: string, card: Card): void {
  writeFileSync(fileOf(folder, card.robot), `${JSON.stringify(card)}\n`, { mode: isShared() ? 0o640 : 0o600 })
}

/** Undefined where there is none, or none that can be read. */
export function readCard(folder: string, robot: string): Card | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(folder, robot), 'utf8')) as Card
  } catch {
    return undefined
  }
}

export function removeCard(folder: string, robot: string): void {
  rmSync(fileOf(folder, robot), { force: true })
}

/** Takes buses off a card whose servos were read back without power; a card without buses goes. */
export function forgetBuses(folder: string, card: Card, off: readonly CardBus[]): void {
  const buses = card.buses.filter((bus) => !off.includes(bus))
  if (buses.length > 0) writeCard(folder, { ...card, buses })
  else removeCard(folder, card.robot)
}
