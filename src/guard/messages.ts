import type { Will } from './contract.ts'

/*
 * What a runtime and its guard say to each other over their pipe: `length (4) type (1) payload`, little endian. Every
 * message has a bound, and what does not fit ends the conversation: a runtime that talks nonsense is not one to trust.
 */

/** Both sides are of one package, so another version means that somebody mixed two of them. */
export const VERSION = 1

/** What the guard must know to say later who it was. */
export interface GuardSettings {
  readonly robot: string
  readonly bus: string
  readonly port: string
  /** The process that it guards. */
  readonly pid: number
  /** Where it leaves its record. Absent: nowhere. */
  readonly records?: string | undefined
}

export type Message =
  /** From the runtime, first. */
  | { readonly type: 'post'; readonly version: number; readonly settings: GuardSettings }
  /** From the guard: it is there. */
  | { readonly type: 'hello'; readonly version: number }
  | { readonly type: 'will'; readonly will: Will }
  /** `freshUntil`: on the monotonic clock of the machine, in seconds; `Infinity`: nothing is timed. */
  | { readonly type: 'beat'; readonly seq: number; readonly freshUntil: number }
  /** Nothing is pending. */
  | { readonly type: 'ease'; readonly seq: number }
  | { readonly type: 'stand-down' }
  /** The program is on its way out by itself; what it takes for that is not waited for. */
  | { readonly type: 'end' }
  /** From the guard: it has taken the beat or the ease of this number. */
  | { readonly type: 'taken'; readonly seq: number }

/** The longest frame of a will: 253 servos with 16 bytes each, and some. */
export const LONGEST_FRAME = 4096
const LONGEST_PAYLOAD = 2 * LONGEST_FRAME + 64
const HEAD = 5
const WILL_HEAD = 19

const TYPES = ['post', 'hello', 'will', 'beat', 'ease', 'stand-down', 'taken', 'end'] as const

/** One message as bytes. Throws a `RangeError` for a frame that is longer than any bus has. */
export function encode(message: Message): Uint8Array {
  const payload = payloadOf(message)
  const bytes = new Uint8Array(HEAD + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, payload.length, true)
  view.setUint8(4, TYPES.indexOf(message.type))
  bytes.set(payload, HEAD)
  return bytes
}

function payloadOf(message: Message): Uint8Array {
  switch (message.type) {
    case 'post':
      return new TextEncoder().encode(JSON.stringify([message.version, message.settings]))
    case 'hello':
      return Uint8Array.of(message.version)
    case 'will':
      return willBytes(message.will)
    case 'beat':
      return numbered(message.seq, message.freshUntil)
    case 'ease':
    case 'taken':
      return numbered(message.seq)
    case 'stand-down':
    case 'end':
      return new Uint8Array()
  }
}

function numbered(seq: number, more?: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(more === undefined ? 4 : 12))
  view.setUint32(0, seq, true)
  if (more !== undefined) view.setFloat64(4, more, true)
  return new Uint8Array(view.buffer)
}

function willBytes({ halt, off, offAfter, repeat, gap }: Will): Uint8Array {
  const tail = off ?? new Uint8Array()
  if (halt.length > LONGEST_FRAME || tail.length > LONGEST_FRAME)
    throw new RangeError(`a frame of a will has ${LONGEST_FRAME} bytes at most`)
  const bytes = new Uint8Array(WILL_HEAD + halt.length + tail.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, repeat)
  view.setFloat64(1, gap, true)
  view.setFloat64(9, offAfter, true)
  view.setUint16(17, halt.length, true)
  bytes.set(halt, WILL_HEAD)
  bytes.set(tail, WILL_HEAD + halt.length)
  return bytes
}

/**
 * Bytes into messages, whatever the chunks. Never throws, and keeps no more than one message. The first that cannot be
 * one breaks it: nothing that comes after it is read.
 */
export class MessageDecoder {
  #left: Uint8Array = new Uint8Array()
  #broken = false

  /** What came was no message. */
  get isBroken(): boolean {
    return this.#broken
  }

  /** The messages that are complete with this chunk. */
  push(chunk: Uint8Array): Message[] {
    const found: Message[] = []
    let bytes = this.#left.length === 0 ? chunk : Buffer.concat([this.#left, chunk])
    while (!this.#broken && bytes.length >= HEAD) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
      const length = view.getUint32(0, true)
      if (length > LONGEST_PAYLOAD) this.#broken = true
      if (this.#broken || bytes.length < HEAD + length) break
      const message = messageOf(view.getUint8(4), bytes.subarray(HEAD, HEAD + length))
      if (message) found.push(message)
      else this.#broken = true
      bytes = bytes.subarray(HEAD + length)
    }
    this.#left = this.#broken ? new Uint8Array() : copy(bytes)
    return found
  }
}

function messageOf(type: number, payload: Uint8Array): Message | undefined {
  const name = TYPES[type]
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length)
  switch (name) {
    case 'post':
      return postOf(payload)
    case 'hello':
      return payload.length === 1 ? { type: name, version: view.getUint8(0) } : undefined
    case 'will': {
      const will = willOf(payload, view)
      return will && { type: name, will }
    }
    case 'beat': {
      const freshUntil = payload.length === 12 ? view.getFloat64(4, true) : Number.NaN
      return Number.isNaN(freshUntil) ? undefined : { type: name, seq: view.getUint32(0, true), freshUntil }
    }
    case 'ease':
    case 'taken':
      return payload.length === 4 ? { type: name, seq: view.getUint32(0, true) } : undefined
    case 'stand-down':
    case 'end':
      return payload.length === 0 ? { type: name } : undefined
    case undefined:
      return undefined
  }
}

function willOf(payload: Uint8Array, view: DataView): Will | undefined {
  if (payload.length < WILL_HEAD) return undefined
  const repeat = view.getUint8(0)
  const gap = view.getFloat64(1, true)
  const offAfter = view.getFloat64(9, true)
  const end = WILL_HEAD + view.getUint16(17, true)
  const sound = repeat > 0 && isWait(gap) && isWait(offAfter)
  if (!sound || end > payload.length || end - WILL_HEAD > LONGEST_FRAME || payload.length - end > LONGEST_FRAME)
    return undefined
  const off = payload.length > end ? copy(payload.subarray(end)) : undefined
  return { halt: copy(payload.subarray(WILL_HEAD, end)), off, offAfter, repeat, gap }
}

/** Chunks belong to whoever gave them; `slice` of a Buffer, which most of them are, is no copy. */
const copy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/** A wait that a stop may have in it: no number that is none, and no hour. */
const isWait = (seconds: number): boolean => seconds >= 0 && seconds < 3600

function postOf(payload: Uint8Array): Message | undefined {
  try {
    const [version, settings] = JSON.parse(new TextDecoder().decode(payload)) as [unknown, GuardSettings | undefined]
    if (typeof version !== 'number' || !isSettings(settings)) return undefined
    return { type: 'post', version, settings }
  } catch {
    return undefined
  }
}

function isSettings(value: unknown): value is GuardSettings {
  if (typeof value !== 'object' || value === null) return false
  const { robot, bus, port, pid, records } = value as Record<string, unknown>
  const texts = [robot, bus, port].every((text) => typeof text === 'string')
  return texts && Number.isInteger(pid) && (records === undefined || typeof records === 'string')
}
