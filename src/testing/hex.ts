import { badArgument } from '../base/argument.ts'

/** Bytes as people read them on a line: `FF FF 01`. */
export const hex = (bytes: Iterable<number>): string =>
  [...bytes].map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ') || 'nothing'

/** Bytes from such text; white space does not matter. Throws `TENDON_ARGUMENT_INVALID` for anything else. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '')
  if (!/^(?:[0-9a-f]{2})*$/i.test(digits))
    throw badArgument('scriptedPort()', 'bytes', text, 'pairs of hexadecimal digits')
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
