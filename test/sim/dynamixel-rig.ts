import { DynamixelBus } from '../../src/sim/dynamixel/bus.ts'
import type { RegisterName } from '../../src/sim/dynamixel/registers.ts'
import { DynamixelServo, type DynamixelSetup } from '../../src/sim/dynamixel/servo.ts'
import { SimulatedPort } from '../../src/sim/line.ts'
import type { LineFaults } from '../../src/sim/line-faults.ts'
import { Random } from '../../src/sim/random.ts'
import { Timeline } from '../../src/sim/timeline.ts'
import type { WireOptions } from '../../src/sim/wire/wire.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { toHex } from './rig.ts'

/** The CRC of the protocol bit by bit, made here and not by the code under test. */
export function crcOf(bytes: readonly number[]): number {
  let crc = 0
  for (const byte of bytes)
    for (let bit = 7; bit >= 0; bit--) {
      const out = (crc >> 15) ^ ((byte >> bit) & 1)
      crc = ((crc << 1) & 0xffff) ^ (out === 1 ? 0x8005 : 0)
    }
  return crc
}

/** A frame whose body goes out as it is, as a host writes it that does not stuff. */
export function rawFrame(id: number, ...body: number[]): Uint8Array {
  const length = body.length + 2
  const bytes = [0xff, 0xff, 0xfd, 0x00, id, length & 0xff, length >> 8, ...body]
  const crc = crcOf(bytes)
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8])
}

/** A frame with an FD behind each FF FF FD of its body. */
export function dxl(id: number, ...body: number[]): Uint8Array {
  const out: number[] = []
  for (const byte of body) {
    out.push(byte)
    if (out.slice(-3).join() === '255,255,253') out.push(0xfd)
  }
  return rawFrame(id, ...out)
}

/** A status frame with its error byte. */
export const status = (id: number, error: number, ...data: number[]): string => toHex(dxl(id, 0x55, error, ...data))

/** Little-endian bytes. */
export const le = (value: number, size: number): number[] =>
  Array.from({ length: size }, (_, i) => Math.floor(value / 2 ** (8 * i)) & 0xff)

export const ping = (id: number): Uint8Array => dxl(id, 0x01)
export const read = (id: number, address: number, count: number): Uint8Array =>
  dxl(id, 0x02, ...le(address, 2), ...le(count, 2))
export const write = (id: number, address: number, value: number, size: number): Uint8Array =>
  dxl(id, 0x03, ...le(address, 2), ...le(value, size))

export interface DynamixelRigOptions extends Partial<WireOptions> {
  readonly servos?: readonly Partial<DynamixelSetup>[]
  readonly faults?: LineFaults
  readonly seed?: number
  readonly start?: number
}

/** A bus of XM430-W350 (unless they say otherwise) with ids 1, 2, ... and no return delay, its host's end open. */
export async function dynamixelRig(options: DynamixelRigOptions = {}) {
  const { servos: setups = [{}], seed = 1, start = 0, faults, baudRate = 1_000_000, ...wire } = options
  const clock = new VirtualClock({ start })
  const timeline = new Timeline()
  const servos = setups.map(
    (setup, i) =>
      new DynamixelServo({
        model: 'XM430-W350',
        ...setup,
        registers: { id: i + 1, baudIndex: 3, returnDelay: 0, ...setup.registers },
      }),
  )
  const bus = new DynamixelBus(
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
  const at = (register: RegisterName, index = 0): number => (servos[index] as DynamixelServo).register(register, now())
  return { clock, timeline, servos, servo: servos[0] as DynamixelServo, bus, port, host, received, ask, now, at }
}
