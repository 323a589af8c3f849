/**
 * Byte stuffing: inside a packet, from the instruction to the last parameter, each `FF FF FD` is followed by one more
 * `FD`, so that a header never shows up there. `unstuff(stuff(x))` is `x` for every `x`.
 */

const STUFFING = 0xfd

/** Whether the three bytes that end before `at` are those that a header begins with. */
const marked = (bytes: Uint8Array, at: number): boolean =>
  at >= 3 && bytes[at - 1] === STUFFING && bytes[at - 2] === 0xff && bytes[at - 3] === 0xff

/** The places behind each `FF FF FD`. They never overlap, so that it does not matter who looks for them first. */
function marks(bytes: Uint8Array): number[] {
  const found: number[] = []
  for (let at = 3; at <= bytes.length; at++) if (marked(bytes, at)) found.push(at)
  return found
}

/** With the stuffing that the protocol wants; the same object where it wants none. */
export function stuff(body: Uint8Array): Uint8Array {
  const places = marks(body)
  if (places.length === 0) return body
  const stuffed = new Uint8Array(body.length + places.length)
  let from = 0
  places.forEach((place, index) => {
    stuffed.set(body.subarray(from, place), from + index)
    stuffed[place + index] = STUFFING
    from = place
  })
  stuffed.set(body.subarray(from), from + places.length)
  return stuffed
}

/**
 * Without its stuffing. A sender that stuffs does so everywhere: where one `FF FF FD` is not followed by `FD` the body
 * comes from one that does not, as some published clients do, and it is given back as it is.
 */
export function unstuff(body: Uint8Array): Uint8Array {
  const places = marks(body)
  if (places.length === 0 || places.some((place) => body[place] !== STUFFING)) return body
  const plain = new Uint8Array(body.length - places.length)
  let from = 0
  places.forEach((place, index) => {
    plain.set(body.subarray(from, place), from - index)
    from = place + 1
  })
  plain.set(body.subarray(from), from - places.length)
  return plain
}
