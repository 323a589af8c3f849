import { type PacketOptions, packets, type Stuffing } from './delimited.ts'
import type { TwoWayFraming } from './framing.ts'

/** The longest run without a zero that one code byte announces. */
const LONGEST_RUN = 254

const COBS: Stuffing = {
  kind: 'cobs',
  delimiter: 0,
  stuffedLength: (length) => length + 1 + Math.ceil(length / LONGEST_RUN),
  stuff,
  unstuff,
}

/**
 * Packets by consistent overhead byte stuffing (Cheshire and Baker, 1999): zeros are taken out of the payload and a zero
 * ends it, at the price of one byte in 254. Bad reasons: `code` for a packet whose code bytes lead over its end, and
 * those of every delimited packet: `length`, `checksum`, `partial`. Frames are payloads without their checksum.
 */
export function cobs(options: PacketOptions): TwoWayFraming<Uint8Array> {
  return packets(COBS, options)
}

function stuff(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(COBS.stuffedLength(payload.length))
  let codeAt = 0
  let length = 1
  for (const [index, byte] of payload.entries()) {
    if (byte !== 0) bytes[length++] = byte
    const run = length - codeAt
    // A full run says by its code that no zero follows; at the very end it needs no further code.
    if (byte === 0 || (run === LONGEST_RUN + 1 && index < payload.length - 1)) {
      bytes[codeAt] = run
      codeAt = length++
    }
  }
  bytes[codeAt] = length - codeAt
  return bytes.slice(0, length)
}

function unstuff(bytes: Uint8Array): Uint8Array | string {
  const payload = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] as number
    const next = at + code
    if (next > bytes.length) return 'code'
    payload.set(bytes.subarray(at + 1, next), length)
    length += code - 1
    if (code <= LONGEST_RUN && next < bytes.length) payload[length++] = 0
    at = next
  }
  return payload.subarray(0, length)
}
