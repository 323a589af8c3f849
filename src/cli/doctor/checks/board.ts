import { type Check, failure, notApplicable, ok, warning } from '../check.ts'
import { rootRepair } from '../env.ts'

/** `get_throttled` of the firmware of a Raspberry Pi: what is so now, and 16 bits above what was so since it started. */
const POWER_BITS = { underVoltage: 1 << 0, capped: 1 << 1, throttled: 1 << 2, hot: 1 << 3 } as const
const SINCE_START = 16
const FLAGS_FILE = '/sys/devices/platform/soc/soc:firmware/get_throttled'

const POWER_WORDS: readonly (readonly [bit: number, words: string])[] = [
  [POWER_BITS.underVoltage, 'under-voltage'],
  [POWER_BITS.capped, 'frequency capped'],
  [POWER_BITS.throttled, 'throttled'],
  [POWER_BITS.hot, 'temperature limit'],
]

const wordsFor = (flags: number): string =>
  POWER_WORDS.flatMap(([bit, words]) => ((flags & bit) === 0 ? [] : [words])).join(', ')

export const supply: Check = {
  name: 'under-voltage',
  title: 'Supply of the board',
  async run({ machine }) {
    const told = (await machine.answer('vcgencmd', 'get_throttled')) ?? machine.text(FLAGS_FILE)
    const digits = /(?:throttled=)?(?:0x)?([0-9a-f]+)$/i.exec(told ?? '')?.[1]
    if (digits === undefined) return notApplicable('no firmware of a Raspberry Pi answers')
    const flags = Number.parseInt(digits, 16)
    const [now, before] = [flags & 0xffff, flags >>> SINCE_START]
    const fix =
      'Give the board a 5 V supply of its own, apart from that of the servos, then look again: vcgencmd get_throttled'
    const why =
      'Servos that share its supply pull the voltage down when they start; USB adapters then drop out of the bus.'
    if (now !== 0) return failure({ what: `The board reports now: ${wordsFor(now)}.`, why, fix })
    if ((before & POWER_BITS.underVoltage) !== 0)
      return failure({ what: `Since it started the board has reported: ${wordsFor(before)}.`, why, fix })
    if (before === 0) return ok('no under-voltage, not throttled since it started')
    return warning({
      what: `Since it started the board has reported: ${wordsFor(before)}.`,
      why: 'A board that is too hot lowers its clock, and ticks come late.',
      fix: 'Put a cooler on it, then look at its temperature: vcgencmd measure_temp',
    })
  },
}

const CPUS = '/sys/devices/system/cpu'

export const governor: Check = {
  name: 'governor',
  title: 'CPU governor',
  run(env) {
    const files = env.machine
      .names(CPUS)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => `${CPUS}/${name}/cpufreq/scaling_governor`)
      .filter((file) => env.machine.has(file))
    const governors = [...new Set(files.map((file) => env.machine.text(file)))]
    if (governors.length === 0) return notApplicable('its clock is not the system’s matter')
    if (!governors.includes('powersave')) return ok(governors.join(', '))
    const places = files.map((file) => env.machine.place(file))
    const { fix, repair } = rootRepair(env, { program: 'tee', args: places, input: 'performance\n' })
    const why = 'It keeps the processor at its lowest clock: control ticks take several times as long.'
    return { ...failure({ what: 'The CPU governor is powersave.', why, fix }), repair }
  },
}

const GIGABYTE = 1024 ** 3
const LEAST_ROOM = GIGABYTE / 2
const LEAST_SHARE = 0.05

export const disk: Check = {
  name: 'disk',
  title: 'Disk',
  run(env) {
    const readOnly = /^\S+ \/ \S+ (?:[^\s]*,)?ro(?:,|\s)/m.test(env.machine.text('/proc/mounts') ?? '')
    if (readOnly)
      return failure({
        what: 'The root file system is mounted read-only.',
        why: 'Linux does that when the card has errors: parameters, recordings and logs cannot be written.',
        fix: 'Look for errors of the card, and put another one in: sudo journalctl --dmesg --grep=mmc',
      })
    const room = env.room(env.folders.state)
    if (!room) return notApplicable('the file system does not say how full it is')
    const told = `${(room.free / GIGABYTE).toFixed(1)} GB of ${(room.size / GIGABYTE).toFixed(1)} GB free`
    if (room.free >= LEAST_ROOM && room.free >= LEAST_SHARE * room.size) return ok(told)
    return failure({
      what: `The disk is nearly full: ${told}.`,
      why: 'Parameters, recordings and logs are lost when nothing fits any more.',
      fix: 'sudo journalctl --vacuum-size=100M && sudo apt clean',
    })
  },
}
