import { FeetechBus } from '../../src/sim/feetech/bus.ts'
import { FeetechServo, type ServoSetup } from '../../src/sim/feetech/servo.ts'
import { SimulatedPort } from '../../src/sim/line.ts'
import type { LineFaults } from '../../src/sim/line-faults.ts'
import { Random } from '../../src/sim/random.ts'
import { Timeline } from '../../src/sim/timeline.ts'
import type { WireOptions } from '../../src/sim/wire/wire.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

/** Bytes written as in the facts: `FF FF 01 02 01 FB`. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(
    text
      .trim()
      .split(/\s+/)
      .map((byte) => Number.parseInt(byte, 16)),
  )
export const toHex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ')

/** An instruction frame with its checksum, made here and not by the code under test. */
export function frame(id: number, instruction: number, ...params: number[]): Uint8Array {
  const body = [id, params.length + 2, instruction, ...params]
  const sum = body.reduce((total, byte) => total + byte, 0)
  return Uint8Array.of(0xff, 0xff, ...body, ~sum & 0xff)
}

export const low = (word: number): number => word & 0xff
export const high = (word: number): number => (word >> 8) & 0xff

export interface RigOptions extends Partial<WireOptions> {
  readonly servos?: readonly ServoSetup[]
  readonly faults?: LineFaults
  readonly seed?: number
  readonly start?: number
}

/** A bus on a virtual clock, with the host's end of its line open. Servos get ids 1, 2, ... unless they say. */
export async function rig(options: RigOptions = {}) {
  const { servos: setups = [{}], seed = 1, start = 0, faults, baudRate = 1_000_000, ...wire } = options
  const clock = new VirtualClock({ start })
  const timeline = new Timeline()
  const servos = setups.map((setup, i) => new FeetechServo({ ...setup, registers: { id: i + 1, ...setup.registers } }))
  const bus = new FeetechBus(
    { name: 'servos', servos, baudRate, ...wire, ...(faults ? { faults } : {}) },
    timeline,
    new Random(seed),
  )
  const port = new SimulatedPort(bus, timeline, baudRate)
  const host = await port.open({ clock })
  const received: { at: number; bytes: Uint8Array }[] = []
  host.onBytes((bytes) => received.push({ at: clock.now(), bytes }))
  /** Sends, lets the line come to rest, and returns what came back, chunk by chunk. */
  const ask = async (bytes: Uint8Array, wait = 0.02): Promise<string[]> => {
    received.length = 0
    host.write(bytes)
    await clock.advance(wait)
    return received.map((chunk) => toHex(chunk.bytes))
  }
  const now = (): number => timeline.now()
  return { clock, timeline, servos, servo: servos[0] as FeetechServo, bus, port, host, received, ask, now }
}
