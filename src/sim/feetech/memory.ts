import { type Register, type RegisterName, STS3215 } from './registers.ts'
import { fromSignMagnitude, toSignMagnitude } from './sign-magnitude.ts'

/** Addresses are one byte; those that the table does not name read as 0 and cannot be written. */
const SIZE = 256
const TABLE: readonly Register[] = Object.values(STS3215)
const WRITABLE = mask((register) => register.writable)
const EEPROM = mask((register) => register.area === 'eeprom')

function mask(holds: (register: Register) => boolean): Uint8Array {
  const bytes = new Uint8Array(SIZE)
  for (const register of TABLE) if (holds(register)) bytes.fill(1, register.address, register.address + register.size)
  return bytes
}

/** The bytes of one servo: what is live, and what of it would survive a power cycle. */
export class Memory {
  readonly bytes = new Uint8Array(SIZE)
  readonly #saved = new Uint8Array(SIZE)

  /** A factory-new servo, with these EEPROM registers set otherwise. */
  constructor(overrides: Partial<Record<RegisterName, number>> = {}) {
    for (const register of TABLE) this.#put(register, register.initial)
    for (const [name, value] of Object.entries(overrides)) this.#put(STS3215[name as RegisterName], value)
    this.#saved.set(this.bytes)
  }

  /** A register's value, signed where the register is. */
  get(name: RegisterName): number {
    const register: Register = STS3215[name]
    const raw = this.#raw(register)
    return register.sign === undefined ? raw : fromSignMagnitude(raw, register.sign)
  }

  /** Sets a register as the firmware does, read-only or not. Saves nothing. */
  set(name: RegisterName, value: number): void {
    this.#put(STS3215[name], value)
  }

  /** A write from the bus: byte by byte, read-only ones skipped, EEPROM saved only where the lock is open. */
  write(address: number, data: Uint8Array): void {
    const saves = this.bytes[STS3215.lock.address] === 0
    for (let i = 0; i < data.length && address + i < SIZE; i++) {
      const at = address + i
      if (WRITABLE[at] === 0) continue
      this.bytes[at] = data[i] as number
      if (saves && EEPROM[at] === 1) this.#saved[at] = data[i] as number
    }
  }

  /** Saves one register's live value, if the lock is open. */
  save(name: RegisterName): void {
    if (this.get('lock') !== 0) return
    const { address, size } = STS3215[name]
    for (let at = address; at < address + size; at++) this.#saved[at] = this.bytes[at] as number
  }

  /** EEPROM as from the factory and saved, whatever the lock says; these registers keep their value. */
  recover(kept: readonly RegisterName[]): void {
    const stays = new Set<Register>(kept.map((name) => STS3215[name]))
    for (const register of TABLE)
      if (register.area === 'eeprom' && register.writable && !stays.has(register)) this.#put(register, register.initial)
    for (let at = 0; at < SIZE; at++) if (EEPROM[at] === 1) this.#saved[at] = this.bytes[at] as number
  }

  /** What power-off and power-on leave: EEPROM as saved, RAM as at power-on. */
  powerCycle(): void {
    for (let at = 0; at < SIZE; at++) if (EEPROM[at] === 1) this.bytes[at] = this.#saved[at] as number
    for (const register of TABLE) if (register.area === 'ram') this.#put(register, register.initial)
    this.set('torqueLimit', this.get('maxTorque'))
  }

  #raw({ address, size }: Register): number {
    const low = this.bytes[address] as number
    return size === 1 ? low : low | ((this.bytes[address + 1] as number) << 8)
  }

  #put({ address, size, sign }: Register, value: number): void {
    const raw = sign === undefined ? value : toSignMagnitude(value, sign)
    this.bytes[address] = raw & 0xff
    if (size === 2) this.bytes[address + 1] = (raw >> 8) & 0xff
  }
}
