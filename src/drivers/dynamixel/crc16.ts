/** x^16 + x^15 + x^2 + 1, as the protocol writes it. */
const POLYNOMIAL = 0x8005

/** What a byte does to a CRC whose low half is empty. */
const TABLE: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => shifted(byte << 8))

/**
 * The CRC of a packet of Dynamixel Protocol 2.0: CRC-16 with polynomial 0x8005, begun at 0, not reflected and not
 * inverted, over everything from the first header byte to the last byte before the CRC. Source: the maker's protocol page.
 */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0
  for (let at = start; at < end; at++)
    crc = ((crc << 8) & 0xffff) ^ (TABLE[(crc >> 8) ^ (bytes[at] as number)] as number)
  return crc
}

/** Eight turns of the shift register that the protocol describes. */
function shifted(start: number): number {
  let crc = start
  for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ POLYNOMIAL) & 0xffff : crc << 1
  return crc
}
