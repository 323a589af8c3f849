import type { SensorSpec } from 'tendon/device'
import {
  cobs,
  crc8,
  type Framing,
  fixedLength,
  framedSensor,
  jsonLines,
  type ModbusFrame,
  modbus,
  modbusReplyLength,
  type TwoWayFraming,
} from 'tendon/framing'
import { framingConformance, MemoryTransport } from 'tendon/testing'
import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'

// Right lines compile, wrong ones carry @ts-expect-error, which is itself an error where the line compiles.
const port = new MemoryTransport({ connect: () => {} })
declare const readOnly: Framing<number>

describe('the types of framings', () => {
  it('carry their frames into the sensor', () => {
    expectTypeOf(framedSensor(port, cobs({ max: 8 }), (bytes) => ({ value: bytes.length }))).toEqualTypeOf<
      SensorSpec<number>
    >()
    expectTypeOf(modbus({ lengthOf: modbusReplyLength })).toEqualTypeOf<TwoWayFraming<ModbusFrame>>()
    expectTypeOf(jsonLines({ schema: z.object({ t: z.number() }) })).toEqualTypeOf<TwoWayFraming<{ t: number }>>()
    framedSensor(port, jsonLines({ schema: z.object({ t: z.number() }) }), ({ t }) => ({ value: t }))
    // @ts-expect-error a frame of this schema has no u
    framedSensor(port, jsonLines({ schema: z.object({ t: z.number() }) }), ({ u }) => ({ value: u }))
  })

  it('ask for what finds a frame', () => {
    const wrong = (): unknown => [
      // @ts-expect-error neither start bytes nor a silence
      fixedLength({ length: 3, check: crc8.ends }),
      // @ts-expect-error a silence or lengths, not both
      modbus({ idleGap: 0.01, lengthOf: modbusReplyLength }),
      // @ts-expect-error the cap is what bounds its memory
      cobs({}),
    ]
    expectTypeOf(wrong).returns.toBeUnknown()
  })

  it('ask for an encode where the framing has none', () => {
    const suites = (): unknown => [
      framingConformance(cobs({ max: 8 }), { good: [Uint8Array.of(1), Uint8Array.of(2)], max: 11 }),
      framingConformance(readOnly, { good: [1, 2], max: 4, encode: (n) => Uint8Array.of(n) }),
      // @ts-expect-error nothing can write these frames
      framingConformance(readOnly, { good: [1, 2], max: 4 }),
      // @ts-expect-error good frames are frames of this framing
      framingConformance(cobs({ max: 8 }), { good: ['a', 'b'], max: 11 }),
    ]
    expectTypeOf(suites).returns.toBeUnknown()
  })
})
