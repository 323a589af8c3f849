import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

const PLACES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Where a program of the system is. Throws with the Debian package that brings it: a missing one is a failure here. */
export function systemProgram(name: string, debianPackage: string): string {
  for (const place of PLACES)
    try {
      accessSync(join(place, name), constants.X_OK)
      return join(place, name)
    } catch {}
  throw new Error(`${name} is not installed: apt-get install -y --no-install-recommends ${debianPackage}`)
}
