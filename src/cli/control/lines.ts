import { StringDecoder } from 'node:string_decoder'

/** Cuts what arrives into lines. A line over the limit is told once, and then nothing more comes. */
export class LineSplitter {
  readonly #limit: number
  readonly #onLine: (line: string) => void
  readonly #onTooLong: () => void
  readonly #decoder = new StringDecoder('utf8')
  #parts: string[] = []
  #length = 0
  #broken = false

  constructor(limit: number, onLine: (line: string) => void, onTooLong: () => void) {
    this.#limit = limit
    this.#onLine = onLine
    this.#onTooLong = onTooLong
  }

  push(chunk: Uint8Array): void {
    if (this.#broken) return
    const [first = '', ...rest] = this.#decoder.write(Buffer.from(chunk)).split('\n')
    this.#grow(first)
    for (const part of rest) {
      if (this.#broken) return
      const line = this.#parts.join('')
      this.#parts = []
      this.#length = 0
      if (line.trim() !== '') this.#onLine(line)
      this.#grow(part)
    }
  }

  #grow(part: string): void {
    this.#length += part.length
    if (this.#length <= this.#limit) {
      if (part !== '') this.#parts.push(part)
      return
    }
    this.#broken = true
    this.#parts = []
    this.#onTooLong()
  }
}
