import type { ByteConnection, ByteTransport } from '../../src/device/transport.ts'

/** One instruction frame as the host handed it to its port. */
export interface HostFrame {
  readonly kind: 'setpoints' | 'stop' | 'torque' | 'other'
  /** For setpoints: the raw goal by servo id. For stop and torque: the torque byte, where the frame has one. */
  readonly values: ReadonlyMap<number, number | undefined>
}

const BROADCAST = 0xfe
const WRITE = 3
const SYNC_WRITE = 0x83
const TORQUE = 40
const ACCELERATION = 41
const GOAL = 42

/** Tells `onFrame` each frame at the moment that it is handed to the port, before anything else can happen. */
export function tapped(port: ByteTransport, onFrame: (frame: HostFrame) => void): ByteTransport {
  return {
    kind: port.kind,
    address: port.address,
    ...(port.baudRate === undefined ? {} : { baudRate: port.baudRate }),
    open: async (env) => tappedConnection(await port.open(env), onFrame),
  }
}

function tappedConnection(connection: ByteConnection, onFrame: (frame: HostFrame) => void): ByteConnection {
  return {
    get isOpen() {
      return connection.isOpen
    },
    write(bytes) {
      connection.write(bytes)
      for (const frame of framesIn(bytes)) onFrame(frame)
    },
    onBytes: (listener) => connection.onBytes(listener),
    onLost: (listener) => connection.onLost(listener),
    close: () => connection.close(),
  }
}

/** Written from the protocol's manual, not with the driver's own encoder. */
function framesIn(bytes: Uint8Array): HostFrame[] {
  const frames: HostFrame[] = []
  for (let at = 0; at + 6 <= bytes.length; ) {
    const length = bytes[at + 3] as number
    frames.push(frameOf(bytes[at + 2] as number, bytes[at + 4] as number, bytes.subarray(at + 5, at + 3 + length)))
    at += 4 + length
  }
  return frames
}

function frameOf(id: number, instruction: number, params: Uint8Array): HostFrame {
  const address = params[0]
  if (instruction === WRITE && address === TORQUE)
    return { kind: id === BROADCAST ? 'stop' : 'torque', values: new Map([[id, params[1]]]) }
  if (instruction !== SYNC_WRITE) return { kind: 'other', values: new Map() }
  const size = params[1] as number
  const values = new Map<number, number | undefined>()
  for (let at = 2; at < params.length; at += size + 1) {
    const block = params.subarray(at + 1, at + 1 + size)
    const word = (block[0] as number) | ((block[1] ?? 0) << 8)
    values.set(params[at] as number, address === GOAL ? word : address === TORQUE ? block[0] : undefined)
  }
  if (address === GOAL) return { kind: 'setpoints', values }
  return { kind: address === TORQUE || address === ACCELERATION ? 'stop' : 'other', values }
}
