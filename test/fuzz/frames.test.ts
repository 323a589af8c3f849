import { describe, expect, it } from 'vitest'
import { LineSplitter } from '../../src/cli/control/lines.ts'
import { encodeI2cAnswer, encodeI2cRequest, i2cAnswers, i2cRequests } from '../../src/device/i2c-transaction.ts'
import * as dynamixel from '../../src/drivers/dynamixel/index.ts'
import { encodeFrame, StatusDecoder } from '../../src/drivers/feetech/index.ts'
import { encode, MessageDecoder } from '../../src/guard/messages.ts'
import * as simulatedDynamixel from '../../src/sim/dynamixel/frame.ts'
import { InstructionDecoder } from '../../src/sim/feetech/frame.ts'
import { Random } from '../../src/sim/random.ts'
import { BUDGET, CRC16, fuzzAll, type Opened, SEED, type Subject } from './rubbish.ts'

const text = (line: string): Uint8Array => new TextEncoder().encode(`${line}\n`)

const servoFrames = [
  encodeFrame(1, 0, [0x00, 0x08]),
  encodeFrame(2, 0x20, [0xff, 0xff, 0x01, 0x04]),
  encodeFrame(253, 0),
  encodeFrame(
    6,
    0,
    Array.from({ length: 15 }, (_, i) => 255 - i),
  ),
]
const instructions = [
  encodeFrame(1, 0x02, [56, 2]),
  encodeFrame(0xfe, 0x83, [42, 6, 1, 0, 8, 0, 0, 100, 0]),
  encodeFrame(3, 0x01),
]

/** A decoder of a simulated servo, which takes bytes one by one. */
function bytewise<Frame>(
  decoder: { push(byte: number): void; take(): Frame | undefined },
  found: (frame: unknown) => void,
): Opened {
  return {
    push(chunk) {
      for (const byte of chunk) {
        decoder.push(byte)
        for (let frame = decoder.take(); frame; frame = decoder.take()) found(frame)
      }
    },
  }
}

/** A false record of noise may be right by its eight-bit sum, and takes what is behind it up to its length. */
const I2C = { max: 261, lost: 45 }
const { read: READ, write: WRITE, syncRead: SYNC_READ } = dynamixel.INSTRUCTION
/** What must be stuffed: three bytes of a header. */
const STUFFED = [0xff, 0xff, 0xfd, 0x00]

const subjects: Readonly<Record<string, Subject>> = {
  'replies of Feetech servos': {
    open: (found) => {
      const decoder = new StatusDecoder(found)
      return { push: (chunk) => decoder.push(chunk) }
    },
    wires: servoFrames,
    max: 254,
    mayAdd: true,
  },
  'instructions, as simulated Feetech servos hear them': {
    open: (found) => bytewise(new InstructionDecoder(), found),
    wires: instructions,
    max: 254,
    // A frame that noise made by chance swallows up to its length, and the checksum has eight bits.
    lost: 30,
  },
  'replies of Dynamixel servos': {
    open: (found) => {
      const decoder = new dynamixel.StatusDecoder(found)
      return { push: (chunk) => decoder.push(chunk) }
    },
    wires: [
      dynamixel.encodeFrame(1, dynamixel.INSTRUCTION.status, [0, 0x00, 0x08, 0, 0]),
      dynamixel.encodeFrame(2, dynamixel.INSTRUCTION.status, [0x80, ...STUFFED, 7]),
      dynamixel.encodeFrame(252, dynamixel.INSTRUCTION.status, [0]),
    ],
    max: 1031,
    mayAdd: true,
  },
  'instructions, as simulated Dynamixel servos hear them': {
    open: (found) => bytewise(new simulatedDynamixel.InstructionDecoder(), found),
    wires: [
      dynamixel.encodeFrame(1, READ, [132, 0, 4, 0]),
      dynamixel.encodeFrame(1, WRITE, [116, 0, ...STUFFED]),
      dynamixel.encodeFrame(0xfe, SYNC_READ, [126, 0, 10, 0, 1, 2, 3]),
    ],
    max: 1024,
    byChance: CRC16,
  },
  'I2C transactions': {
    open: (found) => i2cRequests(found),
    wires: [
      encodeI2cRequest({ tag: 1, address: 0x40, read: 0, write: Uint8Array.of(0xfd, 0x10) }),
      encodeI2cRequest({ tag: 9, address: 0x40, read: 4, write: Uint8Array.of(0xa5) }),
    ],
    ...I2C,
  },
  'answers on I2C': {
    open: (found) => i2cAnswers(found),
    wires: [
      encodeI2cAnswer({ tag: 1, address: 0x40, state: 'done', data: Uint8Array.of(0x5a, 1, 2, 3) }),
      encodeI2cAnswer({ tag: 2, address: 0x41, state: 'nack', data: new Uint8Array() }),
    ],
    ...I2C,
  },
}

describe(`${BUDGET} bytes of rubbish and mutated frames`, () => {
  fuzzAll(subjects)

  it('lines on the control socket: each is told once, and one that never ends is told as too long', () => {
    let lines = 0
    let tooLong = 0
    const limit = 64 * 1024
    const rubbish = new Uint8Array(1_000_003)
    let state = SEED >>> 0
    for (let i = 0; i < rubbish.length; i++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      rubbish[i] = state >>> 24
    }
    const newlines = rubbish.filter((byte) => byte === 10).length
    const splitter = new LineSplitter(
      limit,
      () => lines++,
      () => tooLong++,
    )
    const passes = Math.ceil(BUDGET / rubbish.length)
    for (let pass = 0; pass < passes; pass++) splitter.push(rubbish)
    splitter.push(text('{"good":true}'))
    expect(tooLong).toBe(0)
    expect(lines).toBeGreaterThan(0.9 * passes * newlines)
    splitter.push(new Uint8Array(limit + 1).fill(0x41))
    splitter.push(text('{"late":true}'))
    expect(tooLong).toBe(1)
  })

  it('messages between a runtime and its guard: the first that is none ends the conversation, and what came before counts', () => {
    const random = new Random(SEED)
    const good = encode({ type: 'beat', seq: 7, freshUntil: 12.5 })
    const rubbish = Uint8Array.from({ length: 64 * 1024 }, () => random.below(256))
    let broken = 0
    let conversations = 0
    for (let bytes = 0; bytes < BUDGET; bytes += rubbish.length) {
      const decoder = new MessageDecoder()
      const from = random.below(rubbish.length)
      conversations++
      expect(decoder.push(good)).toEqual([{ type: 'beat', seq: 7, freshUntil: 12.5 }])
      decoder.push(rubbish.subarray(from))
      decoder.push(rubbish.subarray(0, from))
      if (decoder.isBroken) broken++
      expect(decoder.push(good)).toEqual([])
    }
    expect(broken).toBe(conversations)
  })
})
