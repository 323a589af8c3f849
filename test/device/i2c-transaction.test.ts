import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeI2cAnswer,
  encodeI2cRequest,
  type I2cAnswer,
  type I2cRequest,
  i2cAnswers,
  i2cRequests,
} from '../../src/device/i2c-transaction.ts'

const byte = fc.integer({ min: 0, max: 255 })
const address = fc.integer({ min: 0, max: 127 })
const bytes = (maxLength: number) => fc.uint8Array({ maxLength })
const request: fc.Arbitrary<I2cRequest> = fc.record({
  tag: byte,
  address,
  read: fc.integer({ min: 0, max: 32 }),
  write: bytes(80),
})

function requestsIn(chunks: readonly Uint8Array[]): { found: I2cRequest[]; rejected: number } {
  const found: I2cRequest[] = []
  const decoder = i2cRequests((one) => found.push(one))
  for (const chunk of chunks) decoder.push(chunk)
  return { found, rejected: decoder.rejected }
}

const cut = (all: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size))

describe('the record of a transaction', () => {
  it('is written as the page says', () => {
    const record = encodeI2cRequest({ tag: 3, address: 0x40, read: 0, write: Uint8Array.of(0xfd, 0x10) })
    // a5 + 03 + 40 + 00 + 02 + fd + 10 = 1f7, and the complement of f7 is 08.
    expect(Buffer.from(record).toString('hex')).toBe('a503400002fd1008')
  })

  it('comes out as it went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 5 }), fc.integer({ min: 1, max: 40 }), (sent, size) => {
        const all = Uint8Array.from(sent.flatMap((one) => [...encodeI2cRequest(one)]))
        expect(requestsIn(cut(all, size))).toEqual({ found: sent, rejected: 0 })
      }),
    )
  })

  it('never throws over noise, and a good one behind any noise is found once the noise is over', () => {
    fc.assert(
      fc.property(bytes(300), request, (noise, sent) => {
        // What noise may have begun ends within one record.
        const quiet = new Uint8Array(300)
        const { found } = requestsIn([noise, quiet, encodeI2cRequest(sent)])
        expect(found.at(-1)).toEqual(sent)
      }),
    )
  })

  it('with one wrong bit is not taken', () => {
    fc.assert(
      fc.property(request, fc.nat(), fc.integer({ min: 0, max: 7 }), (sent, where, bit) => {
        const record = encodeI2cRequest(sent)
        const at = where % record.length
        record[at] = (record[at] ?? 0) ^ (1 << bit)
        expect(requestsIn([record]).found).not.toContainEqual(sent)
      }),
    )
  })
})

describe('the record of an answer', () => {
  it('comes out as it went in, and a state that there is not is none', () => {
    const found: I2cAnswer[] = []
    const decoder = i2cAnswers((one) => found.push(one))
    const sent: I2cAnswer = { tag: 9, address: 0x40, state: 'nack', data: new Uint8Array() }
    decoder.push(encodeI2cAnswer(sent))
    const odd = encodeI2cAnswer(sent)
    odd[3] = 7
    odd[5] = (odd[5] ?? 0) - 6
    decoder.push(odd)
    expect(found).toEqual([sent])
    expect(decoder.rejected).toBe(1)
  })

  it('that is unfinished is forgotten by a reset', () => {
    const found: I2cAnswer[] = []
    const decoder = i2cAnswers((one) => found.push(one))
    const sent: I2cAnswer = { tag: 1, address: 0x40, state: 'done', data: Uint8Array.of(1, 2) }
    decoder.push(encodeI2cAnswer(sent).subarray(0, 6))
    decoder.reset()
    decoder.push(encodeI2cAnswer(sent))
    expect(found).toEqual([sent])
  })
})
