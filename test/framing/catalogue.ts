import { z } from 'zod'
import {
  cobs,
  crc8,
  crc16X25,
  type Framing,
  fixedLength,
  jsonLines,
  lineFraming,
  modbus,
  modbusReplyLength,
  nmeaChecksum,
  nmeaFraming,
  slip,
  type TwoWayFraming,
} from '../../src/framing/index.ts'
import { type ConformanceCheck, type FramingSubject, framingConformance } from '../../src/testing/index.ts'
import { bytes } from './decode.ts'

/** A framing with all that a test of any framing needs; what its frames are does not matter there. */
export interface Entry {
  readonly framing: Framing<unknown>
  readonly good: readonly unknown[]
  /** The good frames on the wire. */
  readonly wires: readonly Uint8Array[]
  readonly max: number
  readonly checked: boolean
  readonly gap: number | undefined
  conformance(noise: number): ConformanceCheck[]
}

function entry<Frame>(framing: TwoWayFraming<Frame>, subject: FramingSubject<Frame>): Entry {
  const { good, max, checked = true, gap } = subject
  return {
    framing,
    good,
    wires: good.map((frame) => framing.encode(frame)),
    max,
    checked,
    gap,
    conformance: (noise) => framingConformance(framing, { ...subject, bytes: noise }),
  }
}

const PAYLOADS = [[1, 2, 3], [0], [0xc0, 0xdb, 0, 0xff, 0xdc], [0x41, 0x42]].map((list) => Uint8Array.from(list))
const START = [0xaa, 0x55]
const WHOLE = [[1, 2, 3], START.concat(0xaa), [0, 0, 0]].map((list) => crc8.append(Uint8Array.of(...START, ...list)))
const MODBUS = [
  { address: 1, code: 3, payload: Uint8Array.of(2, 7, 8) },
  { address: 247, code: 6, payload: Uint8Array.of(0, 1, 0, 2) },
  { address: 9, code: 0x83, payload: Uint8Array.of(2) },
]
const SENTENCES = ['$APHDM,218.634,M', '!AIVDM,1,1,,B,177K'].map((begun) => {
  const [address = '', ...fields] = begun.slice(1).split(',')
  const text = `${begun}*${nmeaChecksum(begun.slice(1))}`
  return {
    start: begun.startsWith('!') ? '!' : '$',
    talker: address.slice(0, 2),
    type: address.slice(2),
    fields,
    text,
  } as const
})
/** It has no `encode`: what it reads is the whole text already. */
const nmea = { ...nmeaFraming(), encode: ({ text }: { text: string }) => bytes(`${text}\r\n`) }

/** Every framing that is exported, in the forms that differ. */
export const catalogue: Readonly<Record<string, Entry>> = {
  'COBS with a checksum': entry(cobs({ max: 32, check: crc16X25 }), { good: PAYLOADS, max: 37 }),
  'SLIP with a checksum': entry(slip({ max: 32, check: crc16X25 }), { good: PAYLOADS, max: 70 }),
  'COBS without one': entry(cobs({ max: 32 }), { good: PAYLOADS, max: 35, checked: false }),
  'SLIP without one': entry(slip({ max: 32 }), { good: PAYLOADS, max: 66, checked: false }),
  'fixed length after start bytes': entry(fixedLength({ length: 6, start: START, check: crc8.ends }), {
    good: WHOLE,
    max: 6,
  }),
  'fixed length before a silence': entry(fixedLength({ length: 6, idleGap: 0.02, check: crc8.ends }), {
    good: WHOLE,
    max: 6,
    gap: 0.02,
  }),
  'Modbus by length': entry(modbus({ lengthOf: modbusReplyLength }), { good: MODBUS, max: 256 }),
  'Modbus by silence': entry(modbus({ idleGap: 0.004 }), { good: MODBUS, max: 256, gap: 0.004 }),
  NMEA: entry(nmea, { good: SENTENCES, max: 122 }),
  lines: entry(lineFraming({ maxLength: 64 }), { good: ['one', 'zwei ü', ''], max: 65, checked: false }),
  'lines of JSON': entry(jsonLines({ maxLength: 64, schema: z.object({ t: z.number() }) }), {
    good: [{ t: 1 }, { t: -2.5 }],
    max: 65,
    checked: false,
  }),
}
