import { badArgument } from '../base/argument.ts'

/** A number over the bytes of a frame that shows whether they arrived as they were sent. */
export interface Checksum {
  readonly name: string
  /** How many bytes it takes at the end of a frame. */
  readonly size: 1 | 2
  /** The number itself. */
  of(bytes: Uint8Array): number
  /** These bytes and their checksum, as a new array. */
  append(bytes: Uint8Array): Uint8Array
  /** Whether the last bytes of the frame are the checksum of those before. Usable as a `check`. */
  ends(frame: Uint8Array): boolean
}

/** Makes a checksum of your own from its function; what `of` gives is cut to `size` bytes. */
export function checksum(options: {
  readonly name: string
  readonly size: 1 | 2
  /** Which byte comes first on the wire. Default `big`. */
  readonly order?: 'big' | 'little' | undefined
  of(bytes: Uint8Array): number
}): Checksum {
  const { name, size, order = 'big' } = options
  if (size !== 1 && size !== 2) throw badArgument('checksum()', 'size', size, '1 or 2')
  const of = (bytes: Uint8Array): number => options.of(bytes) & (size === 1 ? 0xff : 0xffff)
  const low = order === 'little' ? 0 : size - 1
  const high = size - 1 - low
  return {
    name,
    size,
    of,
    append(bytes) {
      const framed = new Uint8Array(bytes.length + size)
      framed.set(bytes)
      const sum = of(bytes)
      if (size === 2) framed[bytes.length + high] = sum >> 8
      framed[bytes.length + low] = sum & 0xff
      return framed
    },
    ends(frame) {
      const end = frame.length - size
      if (end < 0) return false
      const sum = of(frame.subarray(0, end))
      const stated = size === 2 ? ((frame[end + high] as number) << 8) | (frame[end + low] as number) : frame[end]
      return stated === sum
    },
  }
}

const x25 = reflected(0x8408, 0xffff)

/** CRC-16/MODBUS: polynomial 0x8005 reflected (0xA001), start 0xFFFF, low byte first. Of "123456789": 0x4B37. */
export const crc16Modbus = checksum({ name: 'crc16Modbus', size: 2, order: 'little', of: reflected(0xa001, 0xffff) })

/**
 * CRC-16/X-25 (IBM-SDLC, PPP): polynomial 0x1021 reflected (0x8408), start and final XOR 0xFFFF, low byte first. Of
 * "123456789": 0x906E. The one for packets: unlike those below it notices zeros that were added behind a frame.
 */
export const crc16X25 = checksum({
  name: 'crc16X25',
  size: 2,
  order: 'little',
  of: (bytes) => x25(bytes) ^ 0xffff,
})

/** CRC-16/CCITT-FALSE (IBM-3740): polynomial 0x1021, start 0xFFFF, high byte first. Of "123456789": 0x29B1. */
export const crc16Ccitt = checksum({ name: 'crc16Ccitt', size: 2, of: forward(0x1021, 16, 0xffff) })

/** CRC-8/SMBUS: polynomial 0x07, start 0. Of "123456789": 0xF4. */
export const crc8 = checksum({ name: 'crc8', size: 1, of: forward(0x07, 8, 0) })

/** A CRC whose bytes go through with their lowest bit first. */
function reflected(polynomial: number, start: number): (bytes: Uint8Array) => number {
  const table = Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ polynomial : crc >> 1
    return crc
  })
  return (bytes) => {
    let crc = start
    for (const byte of bytes) crc = (crc >> 8) ^ (table[(crc ^ byte) & 0xff] as number)
    return crc
  }
}

/** A CRC of `width` bits whose bytes go through with their highest bit first. */
function forward(polynomial: number, width: 8 | 16, start: number): (bytes: Uint8Array) => number {
  const top = 1 << (width - 1)
  const mask = 2 ** width - 1
  const table = Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (width - 8)
    for (let bit = 0; bit < 8; bit++) crc = (crc & top ? (crc << 1) ^ polynomial : crc << 1) & mask
    return crc
  })
  return (bytes) => {
    let crc = start
    for (const byte of bytes) crc = ((crc << 8) & mask) ^ (table[((crc >> (width - 8)) ^ byte) & 0xff] as number)
    return crc
  }
}
