import { type PacketOptions, packets, type Stuffing } from './delimited.ts'
import type { TwoWayFraming } from './framing.ts'

const END = 0xc0
const ESC = 0xdb
const ESC_END = 0xdc
const ESC_ESC = 0xdd

const SLIP: Stuffing = { kind: 'slip', delimiter: END, stuffedLength: (length) => 2 * length, stuff, unstuff }

/**
 * Packets by SLIP (RFC 1055): END `C0` stands at both ends, and in the payload `C0` is `DB DC` and `DB` is `DB DD`. Bad
 * reasons: `escape` for a `DB` that nothing right follows, and those of every delimited packet: `length`, `checksum`,
 * `partial`. Frames are payloads without their checksum.
 */
export function slip(options: PacketOptions): TwoWayFraming<Uint8Array> {
  return packets(SLIP, options)
}

function stuff(payload: Uint8Array): Uint8Array {
  const bytes: number[] = []
  for (const byte of payload) {
    if (byte === END) bytes.push(ESC, ESC_END)
    else if (byte === ESC) bytes.push(ESC, ESC_ESC)
    else bytes.push(byte)
  }
  return Uint8Array.from(bytes)
}

function unstuff(bytes: Uint8Array): Uint8Array | string {
  const payload = new Uint8Array(bytes.length)
  let length = 0
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte !== ESC) payload[length++] = byte
    else {
      const escaped = bytes[++at]
      if (escaped !== ESC_END && escaped !== ESC_ESC) return 'escape'
      payload[length++] = escaped === ESC_END ? END : ESC
    }
  }
  return payload.subarray(0, length)
}
