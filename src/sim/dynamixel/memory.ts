import type { ControlTable, Register, RegisterName } from './registers.ts'

/** One more than the last address that any register has. */
const SIZE = 148

/** Whether a reading stays within the table. */
export const isReadable = (address: number, count: number): boolean => address + count <= SIZE

/** The bytes of one servo. What is written to its EEPROM stays. */
export class Memory {
  readonly bytes = new Uint8Array(SIZE)
  readonly #table: ControlTable
  readonly #rows: readonly [RegisterName, Register][]

  /** A factory-new servo with this table, with these registers set otherwise. */
  constructor(table: ControlTable, overrides: Partial<Record<RegisterName, number>> = {}) {
    this.#table = table
    this.#rows = Object.entries(table) as [RegisterName, Register][]
    for (const [name, { initial }] of this.#rows) this.set(name, overrides[name] ?? initial)
  }

  has(name: RegisterName): boolean {
    return this.#table[name] !== undefined
  }

  /** A register's value, signed where it is; 0 where the model has no such register. */
  get(name: RegisterName): number {
    const register = this.#table[name]
    return register ? valueIn(register, this.bytes, register.address) : 0
  }

  /** Sets a register as the firmware does, read-only or not. Nothing where the model has none. */
  set(name: RegisterName, value: number): void {
    const register = this.#table[name]
    if (!register) return
    const { address, size } = register
    for (let i = 0; i < size; i++) this.bytes[address + i] = (value >> (8 * i)) & 0xff
  }

  /** `count` bytes from `address` on, 0 where there is no register; `undefined` when it reaches beyond the table. */
  read(address: number, count: number): Uint8Array | undefined {
    return isReadable(address, count) ? this.bytes.slice(address, address + count) : undefined
  }

  /**
   * The registers that begin within these bytes, with the values in `data`, in the order of their addresses. `gap`: some
   * of the bytes belong to none. `partial`: a register is not covered whole.
   */
  within(address: number, data: Uint8Array): { written: Written[]; gap: boolean; partial: boolean } {
    const end = address + data.length
    const touched = this.#rows.filter(([, row]) => row.address < end && row.address + row.size > address)
    const whole = touched.filter(([, row]) => row.address >= address && row.address + row.size <= end)
    const covered = touched.reduce(
      (sum, [, row]) => sum + Math.min(end, row.address + row.size) - Math.max(address, row.address),
      0,
    )
    const written = whole.map(([name, register]) => {
      return { name, register, value: valueIn(register, data, register.address - address) }
    })
    return { written, gap: covered < data.length, partial: whole.length < touched.length }
  }

  /** RAM as at power-on. */
  forget(): void {
    for (const [name, { area, initial }] of this.#rows) if (area === 'ram') this.set(name, initial)
  }

  /** As from the factory, but for these. */
  recover(kept: readonly RegisterName[]): void {
    for (const [name, { initial, writable }] of this.#rows)
      if (writable && !kept.includes(name)) this.set(name, initial)
  }
}

/** A register with the value that a write has for it. */
export interface Written {
  readonly name: RegisterName
  readonly register: Register
  readonly value: number
}

function valueIn({ size, signed }: Register, bytes: Uint8Array, at: number): number {
  let value = 0
  for (let i = 0; i < size; i++) value += (bytes[at + i] as number) * 2 ** (8 * i)
  const range = 2 ** (8 * size)
  return signed && value >= range / 2 ? value - range : value
}
