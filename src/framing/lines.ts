import { badArgument } from '../base/argument.ts'
import { checkCap, type Decoder, type FrameSink, type TwoWayFraming } from './framing.ts'

/** How lines look on this port. */
export interface LineOptions {
  /** Largest line in bytes, without its line end. Default 4096. */
  readonly maxLength?: number | undefined
  /** Default `utf-8`. A line with bytes that are not of the encoding is bad: `encoding`. */
  readonly encoding?: 'utf-8' | 'ascii' | undefined
  /**
   * What becomes of everything up to the first line end after opening, which on a live port is the rest of a line:
   * `keep` (default) treats it as a line, `drop` drops it silently, `count` counts it as bad: `partial`.
   */
  readonly firstLine?: 'keep' | 'drop' | 'count' | undefined
}

const LF = 0x0a
const CR = 0x0d
const BOM = [0xef, 0xbb, 0xbf] as const
const DEFAULT_MAX_LENGTH = 4096

/**
 * Lines of text that end with LF or CR LF, delivered without the line end. An empty line is a line. A byte order mark
 * at the start of a line is removed. Bad reasons: `length` once for each line over the cap, which is skipped up to its
 * end; `encoding`; `partial` where it was asked for. A last line without an end is never delivered: it may be cut.
 */
export function lineFraming(options: LineOptions = {}): TwoWayFraming<string> {
  const maxLength = checkCap('maxLength', options.maxLength ?? DEFAULT_MAX_LENGTH)
  return {
    kind: 'lines',
    create: () => new LineDecoder({ ...options, maxLength }),
    encode: (line) => encodeLine(line, maxLength),
  }
}

const utf8 = new TextEncoder()

function encodeLine(line: string, maxLength: number): Uint8Array {
  const bytes = utf8.encode(`${line}\n`)
  const fits = bytes.length - 1 <= maxLength && !line.includes('\n') && !line.endsWith('\r')
  if (!fits) throw badArgument('encode()', 'line', line, `text without a line end, of at most ${maxLength} bytes`)
  return bytes
}

class LineDecoder implements Decoder<string> {
  readonly #maxLength: number
  readonly #decode: (line: Uint8Array) => string | undefined
  readonly #firstLine: 'keep' | 'drop' | 'count'
  /** The line so far; one byte more than the cap, for the CR that does not count. */
  readonly #line: Uint8Array
  #length = 0
  #skipping = false
  #first = true

  constructor({ maxLength, encoding, firstLine }: LineOptions & { maxLength: number }) {
    this.#maxLength = maxLength
    this.#line = new Uint8Array(maxLength + 1)
    this.#decode = strict(encoding ?? 'utf-8')
    this.#firstLine = firstLine ?? 'keep'
  }

  push(chunk: Uint8Array, emit: FrameSink<string>): void {
    for (let at = 0; at < chunk.length; ) {
      const end = chunk.indexOf(LF, at)
      this.#append(chunk.subarray(at, end === -1 ? chunk.length : end), emit)
      if (end === -1) return
      this.#finish(emit)
      at = end + 1
    }
  }

  #append(part: Uint8Array, emit: FrameSink<string>): void {
    if (this.#skipping || part.length === 0) return
    const length = this.#length + part.length
    // One byte more than the cap may still be the CR of its line end.
    const over = length - this.#maxLength
    if (over > 1 || (over === 1 && part[part.length - 1] !== CR)) this.#skip(emit)
    else {
      this.#line.set(part, this.#length)
      this.#length = length
    }
  }

  #skip(emit: FrameSink<string>): void {
    this.#skipping = true
    this.#length = 0
    if (!this.#first || this.#firstLine === 'keep') emit.bad('length')
  }

  #finish(emit: FrameSink<string>): void {
    const partial = this.#first && this.#firstLine !== 'keep'
    if (partial && this.#firstLine === 'count') emit.bad('partial')
    if (!partial && !this.#skipping) this.#deliver(emit)
    this.#first = false
    this.#skipping = false
    this.#length = 0
  }

  #deliver(emit: FrameSink<string>): void {
    const end = this.#line[this.#length - 1] === CR ? this.#length - 1 : this.#length
    const start = BOM.every((byte, i) => i < end && this.#line[i] === byte) ? BOM.length : 0
    const text = this.#decode(this.#line.subarray(start, end))
    if (text === undefined) emit.bad('encoding')
    else emit.frame(text)
  }
}

function strict(label: 'utf-8' | 'ascii'): (line: Uint8Array) => string | undefined {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true })
  return (line) => {
    // What the platform calls ASCII takes all 256 bytes.
    if (label === 'ascii' && line.some((byte) => byte >= 0x80)) return undefined
    try {
      return decoder.decode(line)
    } catch {
      return undefined
    }
  }
}
