import type { ByteConnection } from '../../src/device/transport.ts'

/**
 * A chip with 256 registers that hold what they are told, on an I2C bus in memory. It knows neither driver nor simulator:
 * records are taken apart here by hand. It writes down each transaction as `w fd 10` or `r 06 4`.
 */
export class RegisterChip {
  readonly registers = new Uint8Array(256)
  readonly log: string[] = []
  /** Each write of the host to its port, as it came. */
  readonly written: Uint8Array[] = []
  /** 0 done, 1 nobody acknowledged, 2 the bus failed. */
  state = 0
  /** How many of the next answers are lost. */
  mute = 0
  /** Registers that do not take what is written. */
  readonly stuck = new Set<number>()
  /** Called before each transaction is carried out. */
  onTransaction: (text: string) => void = () => {}
  #connection: ByteConnection | undefined

  constructor() {
    // As after power-on.
    this.registers[0x00] = 0x11
    this.registers[0x01] = 0x04
    this.registers[0xfe] = 0x1e
    for (let channel = 0; channel < 16; channel++) this.registers[0x09 + 4 * channel] = 0x10
  }

  /** To be given to a transport; replaces the connection before. */
  readonly connect = (connection: ByteConnection): void => {
    this.#connection = connection
    connection.onBytes((chunk) => {
      this.written.push(chunk)
      for (let at = 0; at < chunk.length; at += (chunk[at + 4] ?? 0) + 6)
        this.#perform(chunk.subarray(at, at + (chunk[at + 4] ?? 0) + 6))
    })
  }

  /** What has been done since the last look. */
  take(): string[] {
    return this.log.splice(0)
  }

  channel(channel: number): number[] {
    return [...this.registers.subarray(0x06 + 4 * channel, 0x0a + 4 * channel)]
  }

  #perform(record: Uint8Array): void {
    const [start, tag = 0, address = 0, read = 0, count = 0] = record
    const sum = record.reduce((total, byte) => (total + byte) & 0xff, 0)
    if (start !== 0xa5 || sum !== 0xff || record.length !== count + 6) throw new Error(`no record: ${hex(record)}`)
    const data = record.subarray(5, 5 + count)
    const text = read > 0 ? `r ${hex(data)} ${read}` : `w ${hex(data)}`
    this.log.push(address === 0x40 ? text : `${hex([address])}: ${text}`)
    this.onTransaction(text)
    const [register = 0, ...values] = data
    if (this.state === 0)
      for (const [offset, value] of values.entries())
        if (!this.stuck.has(register + offset)) this.#write(register + offset, value)
    if (tag === 0) return
    if (this.mute > 0) this.mute--
    else this.#answer(tag, address, this.state === 0 ? this.registers.subarray(register, register + read) : [])
  }

  #write(register: number, value: number): void {
    if (register === 0xfd) for (let channel = 0; channel < 16; channel++) this.registers[0x09 + 4 * channel] = value
    else if (register !== 0xfe || ((this.registers[0] ?? 0) & 0x10) !== 0) this.registers[register] = value
    if (register === 0x00) this.registers[0] = value & 0x7f
  }

  #answer(tag: number, address: number, data: Iterable<number>): void {
    const head = [0x5a, tag, address, this.state, [...data].length, ...data]
    const sum = head.reduce((total, byte) => total + byte, 0)
    if (this.#connection?.isOpen) this.#connection.write(Uint8Array.of(...head, ~sum & 0xff))
  }
}

const hex = (bytes: Iterable<number>): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
