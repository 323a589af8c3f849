import { fstatSync, statSync } from 'node:fs'

/**
 * The open file of `path` through which the package `i2c-bus` speaks to this chip, so that what is written to it goes
 * there. The package has no call for it: version 5 keeps one file for each address in a field of its own, which is
 * believed only where the file really is that device. `undefined`: it cannot be had, and nothing may rely on it.
 */
export function chipDescriptor(bus: object, address: number, path: string): number | undefined {
  const files = (bus as { readonly _peripherals?: unknown })._peripherals
  const file: unknown = Array.isArray(files) ? files[address] : undefined
  return typeof file === 'number' && isDevice(file, path) ? file : undefined
}

function isDevice(file: number, path: string): boolean {
  try {
    const [open, named] = [fstatSync(file), statSync(path)]
    return open.isCharacterDevice() && open.rdev === named.rdev
  } catch {
    return false
  }
}
