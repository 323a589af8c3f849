import fc from 'fast-check'
import { bytes } from './decode.ts'

/** What was done to one sentence of a recording. `pick` is 0..1 and says where. */
export interface Damage {
  readonly kind: 'none' | 'flip' | 'flipSum' | 'cutEnd' | 'cutEndAndLine' | 'cutStart' | 'noiseBefore'
  readonly pick: number
  readonly noise: Uint8Array
}

/** Bytes that neither start a sentence or a comment nor end a line. */
const noiseByte = fc.integer({ min: 0, max: 255 }).filter((byte) => !'$!#\r\n'.includes(String.fromCharCode(byte)))

export const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom('none', 'none', 'flip', 'flipSum', 'cutEnd', 'cutEndAndLine', 'cutStart', 'noiseBefore'),
    pick: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    noise: fc
      .uint8Array({ minLength: 1, maxLength: 40 })
      .chain((raw) =>
        fc.array(noiseByte, { minLength: raw.length, maxLength: raw.length }).map((list) => Uint8Array.from(list)),
      ),
  }),
  { minLength: 1, maxLength: 40 },
)

export interface Expected {
  readonly input: Uint8Array[]
  readonly good: string[]
  checksum: number
  noise: number
}

const otherDigit = (char: string, pick: number): string => String((Number(char) + 1 + Math.floor(pick * 9)) % 10)

const otherHex = (char: string, pick: number): string =>
  ((Number.parseInt(char, 16) + 1 + Math.floor(pick * 15)) % 16).toString(16).toUpperCase()

function replaceAt(text: string, at: number, char: string): string {
  return text.slice(0, at) + char + text.slice(at + 1)
}

/** A recording with each sentence damaged by the next of `list`, and by itself what must come out of it. */
export function corrupt(recording: string, list: readonly Damage[]): Expected {
  const rows = recording.split('\n').filter((row) => row !== '')
  const expected: Expected = { input: [], good: [], checksum: 0, noise: 0 }
  let used = 0
  rows.forEach((row, i) => {
    const damage = list[used % list.length]
    if (row.startsWith('#') || !damage) {
      expected.input.push(bytes(`${row}\r\n`))
      return
    }
    used++
    const next = rows[i + 1]
    const after = list[used % list.length]?.kind
    // Only a following start proves that a line without an end was cut: else both would be one piece.
    const startsNext = next !== undefined && !next.startsWith('#') && after !== 'cutStart' && after !== 'noiseBefore'
    apply(expected, row, damage, startsNext)
  })
  return expected
}

function apply(expected: Expected, row: string, { kind, pick, noise }: Damage, startsNext: boolean): void {
  const damaged = damage(row, kind, pick, startsNext)
  if (kind === 'noiseBefore') expected.input.push(noise)
  if (kind === 'noiseBefore' || kind === 'cutStart') expected.noise++
  else if (damaged !== undefined) expected.checksum++
  if (damaged === undefined) expected.good.push(row)
  expected.input.push(bytes(damaged ?? `${row}\r\n`))
}

/** The damaged row with its line end, where it has one left; undefined when the row itself stays good. */
function damage(row: string, kind: Damage['kind'], pick: number, startsNext: boolean): string | undefined {
  const inside = 1 + Math.floor(pick * (row.length - 1))
  if (kind === 'flip') return flipDigit(row, pick)
  if (kind === 'flipSum') {
    const at = row.length - 2 + Math.floor(pick * 2)
    return `${replaceAt(row, at, otherHex(row[at] ?? '0', pick))}\r\n`
  }
  if (kind === 'cutEnd') return `${row.slice(0, inside)}\r\n`
  if (kind === 'cutEndAndLine') return `${row.slice(0, inside)}${startsNext ? '' : '\r\n'}`
  return kind === 'cutStart' ? `${row.slice(inside)}\r\n` : undefined
}

function flipDigit(row: string, pick: number): string | undefined {
  const digits = [...row.slice(0, -3)].flatMap((char, at) => (char >= '0' && char <= '9' ? [at] : []))
  const at = digits[Math.floor(pick * digits.length)]
  return at === undefined ? undefined : `${replaceAt(row, at, otherDigit(row[at] ?? '0', pick))}\r\n`
}
