import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

// Packets of MQTT 5, as bytes.
export const CONNACK = [0x20, 3, 0, 0, 0]
export const connack = (reason: number): number[] => [0x20, 3, 0, reason, 0]
export const disconnect = (reason: number): number[] => [0xe0, 2, reason, 0]
export const CONNECT = 1
export const PUBLISH = 3
export const SUBSCRIBE = 8
export const UNSUBSCRIBE = 10
export const PINGREQ = 12
/** Confirms a SUBSCRIBE or an UNSUBSCRIBE. */
export const confirm = (type: number, packet: Buffer): number[] => [
  (type + 1) << 4,
  4,
  packet[2] ?? 0,
  packet[3] ?? 0,
  0,
  0,
]

/** A broker of bytes: `answer` says what goes back for each packet of the client, by the packet's type. */
export async function fakeBroker(
  answer: (type: number, packet: Buffer, socket: Socket) => readonly number[] | undefined,
) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      const [packets, tail] = split(Buffer.concat([rest, chunk]))
      rest = tail
      for (const packet of packets) {
        const reply = answer((packet[0] ?? 0) >> 4, packet, socket)
        if (reply) socket.write(Uint8Array.from(reply))
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return `mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
}

/** The packets that are whole, and what follows them. */
function split(bytes: Buffer<ArrayBuffer>): [Buffer[], Buffer<ArrayBuffer>] {
  const packets: Buffer[] = []
  let rest = bytes
  for (;;) {
    let length = 0
    let at = 1
    // Seven bits a byte, the lowest first, until one without its top bit.
    for (let shift = 0; ; shift += 7) {
      const byte = rest[at++]
      if (byte === undefined) return [packets, rest]
      length += (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (rest.length < at + length) return [packets, rest]
    packets.push(rest.subarray(0, at + length))
    rest = rest.subarray(at + length)
  }
}
