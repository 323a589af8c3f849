import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

/*
 * What a Raspberry Pi gets: no package that users install with Tendon may need a compiler there. Asserted from the files
 * of the packages, those for other machines fetched from the registry in the locked version.
 */
const ROOT = new URL('../..', import.meta.url).pathname

interface Locked {
  readonly version: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly cpu?: readonly string[]
  readonly os?: readonly string[]
}
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Locked> }
const shipped = Object.entries(lock.packages)
  .filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev)
  .map(([path, locked]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 13), path, ...locked }))

/** `e_machine` of an ELF file. */
const MACHINE = { arm: 0x28, arm64: 0xb7 } as const
const CPUS = ['arm64', 'arm'] as const

function machineOf(file: string): number {
  const header = Buffer.alloc(20)
  const fd = openSync(file, 'r')
  readSync(fd, header, 0, header.length, 0)
  closeSync(fd)
  if (header.readUInt32BE(0) !== 0x7f454c46) throw new Error(`${file} is no ELF file`)
  return header.readUInt16LE(18)
}

/** Every file below a folder that the system's loader would load, or that is a program. */
function binariesIn(folder: string): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files
    .map((file) => join(file.parentPath, file.name))
    .filter((file) =>
      readFileSync(file)
        .subarray(0, 4)
        .equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46])),
    )
}

/** Packages that bring their binaries in packages of their own, one for each machine. */
const BY_PACKAGE: Readonly<Record<string, { readonly arm64: string; readonly arm: string | undefined }>> = {
  esbuild: { arm64: '@esbuild/linux-arm64', arm: '@esbuild/linux-arm' },
  // Pseudo terminals, for `tendon sim --pty`. There is none for 32-bit ARM; it is optional, and nothing else needs it.
  '@lydell/node-pty': { arm64: '@lydell/node-pty-linux-arm64', arm: undefined },
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tendon-native-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fetched(name: string): string {
  const { version } = lock.packages[`node_modules/${name}`] ?? {}
  if (!version) throw new Error(`${name} is not in the lock`)
  const target = mkdtempSync(join(folder, 'package-'))
  const packed = execFileSync('npm', ['pack', '--json', '--silent', `${name}@${version}`], {
    cwd: target,
    encoding: 'utf8',
  })
  const [{ filename }] = JSON.parse(packed)
  execFileSync('tar', ['-xzf', filename], { cwd: target })
  return target
}

describe('what is installed with Tendon', () => {
  it('has native code in these packages only', () => {
    const compiled = shipped.filter(({ path }) => {
      try {
        return readdirSync(join(ROOT, path)).includes('binding.gyp')
      } catch {
        return false
      }
    })
    expect(compiled.map(({ name }) => name)).toEqual(['@serialport/bindings-cpp'])
    const forOneMachine = shipped.filter(({ cpu }) => cpu !== undefined).map(({ name }) => name)
    const families = Object.values(BY_PACKAGE).map(({ arm64 }) => arm64.replace(/linux-arm64$/, ''))
    expect(forOneMachine.filter((name) => !families.some((family) => name.startsWith(family)))).toEqual([])
    for (const name of families) expect(forOneMachine.some((one) => one.startsWith(name))).toBe(true)
  })

  it.each(CPUS)('serial ports: the package itself has the binary of Linux on %s', (cpu) => {
    const prebuilds = join(ROOT, 'node_modules/@serialport/bindings-cpp/prebuilds', `linux-${cpu}`)
    const binaries = binariesIn(prebuilds)
    expect(binaries.some((file) => file.includes('glibc') && file.includes(cpu === 'arm' ? 'armv7' : 'armv8'))).toBe(
      true,
    )
    for (const file of binaries) expect(machineOf(file)).toBe(MACHINE[cpu])
  })

  const rows = Object.entries(BY_PACKAGE).flatMap(([name, { arm64, arm }]) => [
    { name, cpu: 'arm64' as const, binary: arm64 },
    ...(arm === undefined ? [] : [{ name, cpu: 'arm' as const, binary: arm }]),
  ])
  it.each(rows)('$name: $binary is in the lock and holds a binary for $cpu', ({ cpu, binary }) => {
    const locked = lock.packages[`node_modules/${binary}`]
    expect(locked).toMatchObject({ cpu: [cpu], os: ['linux'], optional: true })
    const binaries = binariesIn(fetched(binary))
    expect(binaries.length).toBeGreaterThan(0)
    for (const file of binaries) expect(machineOf(file)).toBe(MACHINE[cpu])
  })

  it('what has no binary for 32-bit ARM may be missing there', () => {
    const missing = Object.entries(BY_PACKAGE).filter(([, { arm }]) => arm === undefined)
    for (const [name] of missing) expect(lock.packages[`node_modules/${name}`]?.optional).toBe(true)
  })
})
