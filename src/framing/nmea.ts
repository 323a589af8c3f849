import { checkCap, type Decoder, type FrameSink, type Framing } from './framing.ts'

/** One NMEA 0183 sentence whose checksum was right. */
export interface NmeaSentence {
  /** `$` for most, `!` for encapsulated ones such as AIS. */
  readonly start: '$' | '!'
  /** Who speaks: two letters such as `GP`, or `P` for a maker's own sentences. */
  readonly talker: string
  /** What it says: `HDM`; of a maker's own sentence everything after the `P`. */
  readonly type: string
  /** The fields after the address. An empty one is a value that the device does not have. */
  readonly fields: readonly string[]
  /** The whole sentence, from its start to the last digit of its checksum. */
  readonly text: string
}

/** How sentences look on this port. */
export interface NmeaOptions {
  /** Largest sentence in bytes from its start to the last digit of its checksum. Default 120: devices exceed the 82. */
  readonly maxLength?: number | undefined
}

const DEFAULT_MAX_LENGTH = 120
const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const BANG = 0x21
const HASH = 0x23
const DOLLAR = 0x24
const STAR = 0x2a
const DELETE = 0x7f
/** A maker's own address, or two of a talker and at least one of a type, in capitals and digits. */
const ADDRESS = /^(?:P[A-Z0-9]{2,}|[A-Z][A-Z0-9]{2,})$/

/**
 * NMEA 0183: `$` or `!`, text, `*`, and the XOR of the text as two hexadecimal digits. A sentence is complete with the
 * second digit; CR and LF after it are not waited for. How input is counted:
 *
 * - Every `$` and `!` starts a sentence (both are reserved, so neither occurs inside one); one that was not complete is
 *   over then and counts `checksum`, as does one that CR or LF ends too early, one whose two digits are wrong, and one
 *   with anything but two hexadecimal digits after `*`. Any other byte belongs to the sentence, whatever it is.
 * - A sentence that grows over `maxLength` counts `length`.
 * - After either, everything up to the next line end, `$` or `!` is part of the same fault and counts no more.
 * - Bytes outside sentences other than CR and LF count `noise` once per run; line ends and sentence starts end a run.
 *   So does a sentence whose digits are right by chance and whose text is none: no address, or not printable ASCII.
 * - A `#` at the start of a line, followed by a space, a tab, another `#` or a line end, opens a comment, as recordings
 *   have them: ignored up to the line end, whatever is in it. A control byte in it makes it noise after all.
 */
export function nmeaFraming(options: NmeaOptions = {}): Framing<NmeaSentence> {
  const maxLength = checkCap('maxLength', options.maxLength ?? DEFAULT_MAX_LENGTH)
  return { kind: 'nmea', create: () => new NmeaDecoder(maxLength) }
}

/**
 * Where the decoder stands: at the start of a line; behind a `#` there; in a comment; between sentences; in noise that is
 * counted already, or the rest of a fault; in a sentence.
 */
type Place = 'line' | 'hash' | 'comment' | 'between' | 'counted' | 'sentence'

class NmeaDecoder implements Decoder<NmeaSentence> {
  readonly #bytes: Uint8Array
  #length = 0
  /** XOR of the text so far. */
  #sum = 0
  /** Index of the `*`, or -1. */
  #star = -1
  #place: Place = 'line'

  constructor(maxLength: number) {
    this.#bytes = new Uint8Array(maxLength)
  }

  push(chunk: Uint8Array, emit: FrameSink<NmeaSentence>): void {
    for (const byte of chunk) this.#byte(byte, emit)
  }

  #byte(byte: number, emit: FrameSink<NmeaSentence>): void {
    if (this.#place === 'hash') this.#afterHash(byte, emit)
    if (this.#place === 'comment' && isText(byte)) return
    if (byte === LF || byte === CR) this.#lineEnd(emit)
    else if (byte === DOLLAR || byte === BANG) this.#start(byte, emit)
    else if (this.#place === 'sentence') this.#inside(byte, emit)
    else if (this.#place === 'line' && byte === HASH) this.#place = 'hash'
    else if (this.#place !== 'counted') this.#bad('noise', emit)
  }

  /** A `#` opened the line: `byte` decides whether it is a comment or noise. */
  #afterHash(byte: number, emit: FrameSink<NmeaSentence>): void {
    if (byte === SPACE || byte === TAB || byte === HASH) this.#place = 'comment'
    else if (byte === CR || byte === LF) this.#place = 'line'
    else this.#bad('noise', emit)
  }

  #lineEnd(emit: FrameSink<NmeaSentence>): void {
    if (this.#place === 'sentence') emit.bad('checksum')
    this.#place = 'line'
  }

  #start(byte: number, emit: FrameSink<NmeaSentence>): void {
    if (this.#place === 'sentence') emit.bad('checksum')
    this.#place = 'sentence'
    this.#bytes[0] = byte
    this.#length = 1
    this.#sum = 0
    this.#star = -1
  }

  #inside(byte: number, emit: FrameSink<NmeaSentence>): void {
    if (this.#length === this.#bytes.length) {
      this.#bad('length', emit)
      return
    }
    this.#bytes[this.#length++] = byte
    if (this.#star >= 0) this.#digit(byte, emit)
    else if (byte === STAR) this.#star = this.#length - 1
    else this.#sum ^= byte
  }

  #digit(byte: number, emit: FrameSink<NmeaSentence>): void {
    const second = this.#length === this.#star + 3
    const wanted = second ? this.#sum & 0x0f : this.#sum >> 4
    if (hexValue(byte) !== wanted) this.#bad('checksum', emit)
    else if (second) this.#complete(emit)
  }

  #complete(emit: FrameSink<NmeaSentence>): void {
    const sentence = parse(this.#bytes.subarray(0, this.#length), this.#star)
    if (sentence) {
      this.#place = 'between'
      emit.frame(sentence)
    } else this.#bad('noise', emit)
  }

  /** Counts a fault; what follows up to the next line end or start belongs to it. */
  #bad(reason: 'checksum' | 'length' | 'noise', emit: FrameSink<NmeaSentence>): void {
    this.#place = 'counted'
    emit.bad(reason)
  }
}

/** Whether a byte may stand in a comment: everything but line ends and other control bytes; UTF-8 is welcome. */
function isText(byte: number): boolean {
  return byte === TAB || (byte >= SPACE && byte !== DELETE)
}

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte & 0xdf
  return letter >= 0x41 && letter <= 0x46 ? letter - 0x41 + 10 : -1
}

const ascii = new TextDecoder('ascii')

function parse(bytes: Uint8Array, star: number): NmeaSentence | undefined {
  if (bytes.some((byte) => byte < SPACE || byte >= DELETE)) return undefined
  const text = ascii.decode(bytes)
  const [address = '', ...fields] = text.slice(1, star).split(',')
  if (!ADDRESS.test(address)) return undefined
  const talker = address.slice(0, address.startsWith('P') ? 1 : 2)
  return { start: text.startsWith('!') ? '!' : '$', talker, type: address.slice(talker.length), fields, text }
}

/** The two checksum digits of a sentence's text, which is what stands between its start and its `*`. */
export function nmeaChecksum(text: string): string {
  let sum = 0
  for (const byte of new TextEncoder().encode(text)) sum ^= byte
  return sum.toString(16).toUpperCase().padStart(2, '0')
}
