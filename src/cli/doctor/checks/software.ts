import { type Check, failure, notApplicable, ok, warning } from '../check.ts'
import { rootRepair } from '../env.ts'

const OLDEST_NODE = [20, 19] as const
/** Debian 12 is bookworm, the oldest that Raspberry Pi OS is looked after for. */
const OLDEST_DEBIAN = 12

export const node: Check = {
  name: 'node',
  title: 'Node.js',
  run({ node: { version, arch } }) {
    const [major = 0, minor = 0] = version.split('.').map(Number)
    const [wantedMajor, wantedMinor] = OLDEST_NODE
    const isOld = major < wantedMajor || (major === wantedMajor && minor < wantedMinor)
    if (!isOld) return ok(`Node ${version}, ${arch}`)
    return failure({
      what: `Node ${version} is too old.`,
      why: `Tendon and what it is made of need ${OLDEST_NODE.join('.')} or newer.`,
      fix: 'curl -fsSL https://deb.nodesource.com/setup_20.x | sudo -E bash - && sudo apt install -y nodejs',
    })
  },
}

/** Where the library brings its addon along, compiled. */
const PREBUILT = ['arm64', 'arm', 'x64']

export const nativeModule: Check = {
  name: 'native-module',
  title: 'Serial port library',
  async run({ node: { arch, platform }, load }) {
    try {
      await load('serialport')
      return ok(`serialport loads on ${platform} ${arch}`)
    } catch (error) {
      const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
      const missing = /cannot find (package|module) 'serialport'/i.test(said)
      return failure({
        what: missing ? 'The package serialport is not installed.' : `serialport does not load: ${said}`,
        why: PREBUILT.includes(arch)
          ? 'Without its native addon no serial port can be opened; it comes compiled for this processor.'
          : `Without its native addon no serial port can be opened; it has to be compiled for ${arch}.`,
        fix: missing ? 'npm install serialport@13.0.0' : 'npm rebuild serialport',
      })
    }
  },
}

export const system: Check = {
  name: 'system',
  title: 'Operating system',
  run({ machine, node: { platform, arch } }) {
    const model = machine.text('/proc/device-tree/model')
    const release = machine.text('/etc/os-release') ?? ''
    const name = /^PRETTY_NAME="?([^"\n]+)/m.exec(release)?.[1] ?? platform
    const kernel = machine.text('/proc/sys/kernel/osrelease')
    const version = Number(/^VERSION_ID="?(\d+)/m.exec(release)?.[1])
    const isDebian = /^ID(_LIKE)?="?[^"\n]*(debian|raspbian)/m.test(release) && !/^ID="?ubuntu/m.test(release)
    if (isDebian && version < OLDEST_DEBIAN)
      return failure({
        what: `${name} is too old.`,
        why: 'Its systemd, udev and C library are older than what Tendon is tried with (bookworm and newer).',
        fix: 'Write a new Raspberry Pi OS to the card: rpi-imager',
      })
    const told = [model, name, kernel && `kernel ${kernel}`, arch].filter(Boolean).join(', ')
    if (platform === 'linux') return ok(told)
    return warning({
      what: `This is ${platform}, not Linux.`,
      why: 'Robots run here, but most of these checks know Linux only.',
      fix: 'Run them on the computer of the robot: tendon doctor',
    })
  },
}

const READS_HALF = 2

export const clock: Check = {
  name: 'clock',
  title: 'Wall clock',
  async run(env) {
    const told = await env.machine.answer('timedatectl', 'show', '--property=NTPSynchronized', '--value')
    const synchronised = told === undefined ? env.machine.has('/run/systemd/timesync/synchronized') : told === 'yes'
    if (synchronised) return ok('synchronised with a time server')
    const found = {
      what: 'The clock is not synchronised with a time server.',
      why: 'A Raspberry Pi keeps no time without power: the times in logs, and what expires by them, may be days off.',
      ...rootRepair(env, { program: 'timedatectl', args: ['set-ntp', 'true'] }),
    }
    const remote = Object.keys(env.robot?.hardware.links ?? {}).length > 0
    return { ...(remote ? failure(found) : warning(found)), repair: found.repair }
  },
}

const MEGABYTE = 1024 * 1024
const LEAST_MEMORY = 100 * MEGABYTE
const MOST_SWAP = 64 * MEGABYTE

const memoryField = (text: string, field: string): number | undefined => {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

const inMegabytes = (bytes: number): string => `${Math.round(bytes / MEGABYTE)} MB`

export const memory: Check = {
  name: 'memory',
  title: 'Memory',
  run({ machine }) {
    const free = memoryField(machine.text('/proc/meminfo') ?? '', 'MemAvailable')
    if (free === undefined) return notApplicable('/proc/meminfo cannot be read')
    if (free >= LEAST_MEMORY) return ok(`${inMegabytes(free)} available`)
    return failure({
      what: `Only ${inMegabytes(free)} of memory are available.`,
      why: 'When memory runs out the system ends programs, and the robot may be the one it picks.',
      fix: 'Look for the largest programs, and end what is not needed: ps aux --sort=-rss | head',
    })
  },
}

export const swap: Check = {
  name: 'swap',
  title: 'Swap',
  run({ machine }) {
    const text = machine.text('/proc/meminfo') ?? ''
    const [size, free] = [memoryField(text, 'SwapTotal'), memoryField(text, 'SwapFree')]
    if (size === undefined || free === undefined || size === 0) return ok('none')
    const used = size - free
    if (used <= MOST_SWAP || used * READS_HALF < size) return ok(`${inMegabytes(used)} of ${inMegabytes(size)} in use`)
    return warning({
      what: `${inMegabytes(used)} of ${inMegabytes(size)} of swap are in use.`,
      why: 'What was swapped out is read back from the card in the middle of a move: ticks are late by tens of milliseconds.',
      fix: 'sudo swapoff --all && sudo swapon --all',
    })
  },
}
