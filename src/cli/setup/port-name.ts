import type { ByteTransport } from 'tendon/device'
import { type PortAddress, serial } from 'tendon/serial'

/** A serial port as definitions, cards and flags call it: a path, or `serial:` and the serial number of its adapter. */
export function portNamed(port: string): PortAddress {
  const [, serialNumber] = /^serial:(.+)$/.exec(port) ?? []
  return serialNumber === undefined ? { path: port } : { serialNumber }
}

/** The number of the I2C bus that a port is: 1 for `/dev/i2c-1`; undefined for what is no I2C bus. */
export function i2cBusOf(port: string): number | undefined {
  const [, bus] = /^\/dev\/i2c-(\d+)$/.exec(port) ?? []
  return bus === undefined ? undefined : Number(bus)
}

/** The port without its lock: the program that hangs may still hold it. Only for what takes power away. */
export const pastTheLock = (port: string, baudRate: number): ByteTransport =>
  serial({ ...portNamed(port), baudRate, lock: false })
