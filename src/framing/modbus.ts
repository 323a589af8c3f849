import { badArgument } from '../base/argument.ts'
import type { Seconds } from '../base/units.ts'
import { burstDecoder, checkGap, type Judged } from './bursts.ts'
import { CandidateDecoder } from './candidates.ts'
import { crc16Modbus } from './checksum.ts'
import type { TwoWayFraming } from './framing.ts'

/** One frame whose CRC was right. */
export interface ModbusFrame {
  /** 1..247 a device, 0 all of them. */
  readonly address: number
  /** What is asked or answered; a reply with 0x80 added is a refusal, and its payload the reason. */
  readonly code: number
  /** Everything between the function code and the CRC. */
  readonly payload: Uint8Array
}

/** How the end of a frame is known. */
export type ModbusOptions =
  | {
      /** By its beginning: its length, CRC included; `undefined` while the bytes are too few; 0 when none begins so. */
      readonly lengthOf: (head: Uint8Array) => number | undefined
      readonly idleGap?: undefined
    }
  | {
      /** By a silence: `modbusGap(baudRate)`. Only where the port keeps silences, which USB adapters do not. */
      readonly idleGap: Seconds
      readonly lengthOf?: undefined
    }

/** Address, function code and CRC. */
const SHORTEST = 4
const LONGEST = 256

/**
 * Modbus RTU frames, and those of the many devices that borrow its form: address, function code, payload, CRC-16/MODBUS
 * low byte first, at most 256 bytes. Bad reasons: `checksum`; with `lengthOf` also `noise`, with `idleGap` also `length`.
 */
export function modbus(options: ModbusOptions): TwoWayFraming<ModbusFrame> {
  const { lengthOf, idleGap } = options
  if (idleGap !== undefined) checkGap('modbus()', idleGap)
  else if (typeof lengthOf !== 'function') throw badArgument('modbus()', 'lengthOf', lengthOf, 'a function')
  return {
    kind: 'modbus',
    create: (env) =>
      lengthOf
        ? new CandidateDecoder({
            max: LONGEST,
            lengthOf: (head) => atLeast(lengthOf(head)),
            check: crc16Modbus.ends,
            frameOf,
          })
        : burstDecoder('modbus', { max: LONGEST, gap: idleGap, judge }, env),
    encode,
  }
}

/**
 * The silence that ends a frame at this baud rate: 3.5 characters of 11 bits, and never less than 1.75 ms, as the Modbus
 * serial line specification (2.5.1.1) has it above 19200 baud.
 */
export function modbusGap(baudRate: number): Seconds {
  if (!(baudRate > 0)) throw badArgument('modbusGap()', 'baudRate', baudRate, 'a number of bits per second above 0')
  return Math.max((3.5 * 11) / baudRate, 0.001_75)
}

/** The length of a reply to functions 1 to 6, 15 and 16, or of a refusal. For `lengthOf` of a host. */
export function modbusReplyLength(head: Uint8Array): number | undefined {
  const [address = 0, code, count] = head
  if (address < 1 || address > 247) return 0
  if (code === undefined) return undefined
  if (code >= 0x81 && code <= 0x90) return 5
  if (code >= 1 && code <= 4) return count === undefined ? undefined : count + 5
  return code === 5 || code === 6 || code === 15 || code === 16 ? 8 : 0
}

/** The length of a request of functions 1 to 6, 15 and 16. For `lengthOf` of a device, or of a simulated one. */
export function modbusRequestLength(head: Uint8Array): number | undefined {
  const [address = 0, code] = head
  if (address > 247) return 0
  if (code === undefined) return undefined
  if (code >= 1 && code <= 6) return 8
  if (code !== 15 && code !== 16) return 0
  const count = head[6]
  return count === undefined ? undefined : count + 9
}

/** A length that no frame has means that none begins here. */
const atLeast = (length: number | undefined): number | undefined =>
  length !== undefined && length < SHORTEST ? 0 : length

function judge(burst: Uint8Array): Judged<ModbusFrame> {
  if (burst.length < SHORTEST) return { bad: 'length' }
  return crc16Modbus.ends(burst) ? { frame: frameOf(burst) } : { bad: 'checksum' }
}

function frameOf(bytes: Uint8Array): ModbusFrame {
  return { address: bytes[0] as number, code: bytes[1] as number, payload: bytes.slice(2, -crc16Modbus.size) }
}

function encode({ address, code, payload }: ModbusFrame): Uint8Array {
  for (const [name, byte] of Object.entries({ address, code }))
    if (!(Number.isInteger(byte) && byte >= 0 && byte <= 255))
      throw badArgument('modbus().encode()', name, byte, 'a whole number from 0 to 255')
  if (payload.length > LONGEST - SHORTEST)
    throw badArgument('modbus().encode()', 'payload length', payload.length, `at most ${LONGEST - SHORTEST} bytes`)
  return crc16Modbus.append(Uint8Array.of(address, code, ...payload))
}
