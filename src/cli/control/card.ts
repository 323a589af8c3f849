import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RobotDefinition } from 'tendon'

/** A bus with real servos behind it. */
export interface CardBus {
  readonly name: string
  /** `feetech`. */
  readonly family: string
  readonly port: string
  readonly baudRate: number | undefined
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

/** The card of a robot that this process is about to start. Buses that are not behind a serial port are left out. */
export function cardOf({ name, hardware }: RobotDefinition): Card {
  const servosOn = (bus: string): CardBus['servos'] =>
    Object.entries(hardware.joints).flatMap(([joint, { servo }]) =>
      servo?.bus === bus ? [{ joint, id: servo.id }] : [],
    )
  const buses = Object.entries(hardware.buses).flatMap(([bus, { family, port }]) =>
    port.kind === 'serial'
      ? [{ name: bus, family, port: port.address, baudRate: port.baudRate, servos: servosOn(bus) }]
      : [],
  )
  return { robot: name, pid: process.pid, buses }
}

export function writeCard(folder: string, card: Card): void {
  writeFileSync(fileOf(folder, card.robot), `${JSON.stringify(card)}\n`, { mode: 0o600 })
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
