import { describe, expect, it } from 'vitest'
import type { Finding } from '../../../src/cli/doctor/check.ts'
import { checks } from '../../../src/cli/doctor/checks/index.ts'
import { fixture, type Machinery } from './fixture.ts'
import { armAsked, armOn, armOnI2c, armWithBroker, armWithButton } from './robots.ts'

interface Case {
  readonly sick: Machinery
  readonly status?: 'failure' | 'warning'
  /** What the fix must say. */
  readonly fix: string
  /** What the finding must name. */
  readonly what: string
  /** Whether `--fix` can run it. */
  readonly mends?: true
  readonly well: Machinery
}

const ACM = '/sys/devices/usb1/1-1'
/** A USB adapter on ttyACM0, as the kernel and udev show it. */
const adapter = {
  files: {
    '/dev/ttyACM0': '',
    [`${ACM}/idVendor`]: '1a86',
    [`${ACM}/idProduct`]: '55d3',
    [`${ACM}/serial`]: '5970073',
    [`${ACM}/power/control`]: 'on',
    [`${ACM}/1-1:1.0/bInterfaceNumber`]: '00',
  },
  links: {
    '/sys/class/tty/ttyACM0/device': `../../../devices/usb1/1-1/1-1:1.0`,
    '/dev/serial/by-id/usb-1a86_5970073': '../../ttyACM0',
  },
} as const
const BY_ID = '/dev/serial/by-id/usb-1a86_5970073'
const group = (dialout: string): string => `root:x:0:\ndialout:x:20:${dialout}\ni2c:x:998:\n`
const meminfo = (available: number, swapFree: number): string =>
  `MemTotal: 3884352 kB\nMemAvailable: ${available} kB\nSwapTotal: 524284 kB\nSwapFree: ${swapFree} kB\n`
const unit = (text: string) => ({ '/etc/systemd/system/tendon-arm.service': text })
const SHOW = 'systemctl show tendon-arm.service --property=ActiveState,SubState,Result,NRestarts'
const GOVERNOR = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'
const ADAPTER_TIMER = '/sys/bus/usb-serial/devices/ttyUSB0/latency_timer'
const NTP = 'timedatectl show --property=NTPSynchronized --value'
const MODEM = 'systemctl is-active ModemManager.service'

const cases: Readonly<Record<string, Case>> = {
  system: {
    sick: { files: { '/etc/os-release': 'PRETTY_NAME="Raspbian 11 (bullseye)"\nID=raspbian\nVERSION_ID="11"\n' } },
    what: 'bullseye',
    fix: 'rpi-imager',
    well: { files: { '/etc/os-release': 'PRETTY_NAME="Debian 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' } },
  },
  node: {
    sick: { node: { version: '18.20.4' } },
    what: 'Node 18.20.4',
    fix: 'apt install -y nodejs',
    well: { node: { version: '22.1.0' } },
  },
  'native-module': {
    sick: { load: async () => Promise.reject(new Error('No native build was found for platform=linux arch=riscv64')) },
    what: 'No native build was found',
    fix: 'npm rebuild serialport',
    well: {},
  },
  'under-voltage': {
    sick: { programs: { 'vcgencmd get_throttled': { out: 'throttled=0x50000\n' } } },
    what: 'under-voltage, throttled',
    fix: 'vcgencmd get_throttled',
    well: { programs: { 'vcgencmd get_throttled': { out: 'throttled=0x0\n' } } },
  },
  disk: {
    sick: { room: () => ({ free: 90e6, size: 32e9 }) },
    what: '0.1 GB of 29.8 GB',
    fix: 'sudo journalctl --vacuum-size=100M',
    well: { files: { '/proc/mounts': '/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n' } },
  },
  memory: {
    sick: { files: { '/proc/meminfo': meminfo(60_000, 524_284) } },
    what: '59 MB',
    fix: 'ps aux --sort=-rss',
    well: { files: { '/proc/meminfo': meminfo(3_000_000, 524_284) } },
  },
  swap: {
    sick: { files: { '/proc/meminfo': meminfo(3_000_000, 100_000) } },
    status: 'warning',
    what: '414 MB of 512 MB',
    fix: 'swapoff',
    well: { files: { '/proc/meminfo': meminfo(3_000_000, 500_000) } },
  },
  governor: {
    sick: { files: { [GOVERNOR]: 'powersave\n' } },
    what: 'powersave',
    fix: 'echo performance | sudo tee',
    mends: true,
    well: { files: { [GOVERNOR]: 'ondemand\n' } },
  },
  clock: {
    sick: { robot: armWithBroker(true), programs: { [NTP]: { out: 'no\n' } } },
    what: 'not synchronised',
    fix: 'sudo timedatectl set-ntp true',
    mends: true,
    well: { programs: { [NTP]: { out: 'yes\n' } } },
  },
  groups: {
    sick: { files: { '/etc/group': group('') }, user: { groups: [1000] } },
    what: 'pi is not in dialout',
    fix: 'sudo usermod --append --groups dialout pi',
    mends: true,
    well: { files: { '/etc/group': group('pi') } },
  },
  'serial-console': {
    sick: {
      robot: armOn('/dev/serial0'),
      files: { '/boot/firmware/cmdline.txt': 'console=serial0,115200 console=tty1 root=PARTUUID=1' },
    },
    what: 'serial0',
    fix: 'sudo raspi-config nonint do_serial_cons 1 && sudo reboot',
    well: { robot: armOn('/dev/serial0'), files: { '/boot/firmware/cmdline.txt': 'console=tty1 root=PARTUUID=1' } },
  },
  'modem-manager': {
    sick: { programs: { [MODEM]: { out: 'active\n' } } },
    what: 'ModemManager is running',
    fix: 'sudo systemctl disable --now ModemManager.service',
    mends: true,
    well: { programs: { [MODEM]: { out: 'inactive\n', code: 3 } } },
  },
  ports: {
    sick: { files: {} },
    what: 'no serial port',
    fix: 'ls -l /dev/serial/by-id',
    well: adapter,
  },
  'robot-ports': {
    sick: { robot: armOn('/dev/ttyACM0') },
    what: '/dev/ttyACM0 is not there',
    fix: 'ls -l /dev/serial/by-id',
    well: { ...adapter, robot: armOn(BY_ID) },
  },
  'port-holders': {
    sick: {
      robot: armOn(BY_ID),
      files: { ...adapter.files, '/proc/431/comm': 'minicom\n' },
      links: { ...adapter.links, '/proc/431/fd/7': '/dev/ttyACM0' },
    },
    what: '/dev/ttyACM0 is held by minicom (process 431)',
    fix: 'kill 431',
    well: {
      robot: armOn(BY_ID),
      files: { ...adapter.files, '/proc/431/comm': 'node\n' },
      links: { ...adapter.links, '/proc/431/fd/7': '/dev/ttyACM0' },
      owners: [431],
    },
  },
  'latency-timer': {
    sick: { files: { [ADAPTER_TIMER]: '16\n' } },
    what: 'ttyUSB0 is 16 ms',
    fix: 'echo 1 | sudo tee',
    mends: true,
    well: { files: { [ADAPTER_TIMER]: '1\n' } },
  },
  'usb-autosuspend': {
    sick: { ...adapter, files: { ...adapter.files, [`${ACM}/power/control`]: 'auto' } },
    status: 'warning',
    what: '/dev/ttyACM0 may be put to sleep',
    fix: 'echo on | sudo tee',
    mends: true,
    well: adapter,
  },
  i2c: {
    sick: { robot: armOnI2c() },
    what: '/dev/i2c-1 is not there',
    fix: 'sudo raspi-config nonint do_i2c 0',
    mends: true,
    well: { robot: armOnI2c(), files: { '/dev/i2c-1': '' } },
  },
  gpio: {
    sick: { robot: armWithButton(), files: { '/dev/gpiochip0': '' } },
    what: 'tools of gpiod are not installed',
    fix: 'sudo apt-get install --yes gpiod',
    mends: true,
    well: {
      robot: armWithButton(),
      files: { '/dev/gpiochip0': '' },
      programs: { 'gpiomon --version': { out: 'gpiomon (libgpiod) v1.6.3\n' } },
    },
  },
  'state-folder': {
    // A file in the place of a folder: not even root could write below it.
    sick: { files: { '/home/pi/.local/state': '' } },
    what: '/home/pi/.local/state is no folder',
    fix: 'export TENDON_STATE_DIR=',
    well: { files: { '/home/pi/.local/state/tendon/arm.json': '' } },
  },
  'runtime-folder': {
    sick: { files: { '/run/user/1000/tendon': '' } },
    what: '/run/user/1000/tendon is no folder',
    fix: 'export TENDON_RUNTIME_DIR=',
    well: { files: { '/run/user/1000/bus': '' } },
  },
  service: {
    sick: {
      files: unit('[Service]\nWatchdogSec=10\n'),
      programs: { [SHOW]: { out: 'ActiveState=failed\nSubState=failed\nResult=watchdog\nNRestarts=5\n' } },
    },
    what: 'tendon-arm.service has failed (watchdog)',
    fix: 'tendon service logs arm',
    well: {
      files: unit('[Service]\nWatchdogSec=10\n'),
      programs: { [SHOW]: { out: 'ActiveState=active\nSubState=running\nResult=success\nNRestarts=0\n' } },
    },
  },
  broker: {
    sick: { robot: armWithBroker(false) },
    what: 'The broker of lab (mqtt://lab:1883)',
    fix: 'systemctl status mosquitto',
    well: { robot: armWithBroker(true) },
  },
  guard: {
    sick: { guard: async () => 'it ended (exit code 1).' },
    what: 'it ended (exit code 1)',
    fix: 'npm ci',
    well: {},
  },
  'last-guard': {
    sick: {
      files: {
        '/home/pi/.local/state/tendon/guard.arm.servos.json': JSON.stringify({
          robot: 'arm',
          bus: 'servos',
          port: '/dev/ttyACM0',
          at: Date.UTC(2026, 0, 1, 9),
          why: 'stalled',
        }),
      },
    },
    status: 'warning',
    what: 'stopped servos 3 h ago: its control loop had stalled',
    fix: 'tendon run arm',
    well: {},
  },
  servos: {
    sick: {
      files: { '/dev/ttyACM0': '' },
      robot: armAsked('/dev/ttyACM0', { ping: async (id) => (id === 1 ? sts(1) : undefined) }),
    },
    what: 'No answer from tilt (id 2)',
    fix: 'tendon scan /dev/ttyACM0',
    well: { files: { '/dev/ttyACM0': '' }, robot: armAsked('/dev/ttyACM0', { ping: async (id) => sts(id) }) },
  },
}

function sts(id: number) {
  return { id, model: 'STS3215', modelNumber: 777, firmware: '3.10' }
}

const named = (name: string) => {
  const check = checks.find((one) => one.name === name)
  if (!check) throw new Error(`there is no check ${name}`)
  return check
}
const look = async (name: string, machinery: Machinery): Promise<Finding> => named(name).run(fixture(machinery).env)

describe('the checks of the doctor', () => {
  it('are about twenty, and each has a machine here on which it fails', () => {
    expect(checks.map(({ name }) => name).sort()).toEqual(Object.keys(cases).sort())
    expect(checks.length).toBeGreaterThanOrEqual(20)
  })

  it.each(Object.entries(cases))(
    '%s finds a sick machine, says what, why, and the fix to run',
    async (name, { sick, ...wanted }) => {
      const found = await look(name, sick)
      expect(found).toMatchObject({ status: wanted.status ?? 'failure', what: expect.stringContaining(wanted.what) })
      if (!('fix' in found)) throw new Error('it has no fix')
      expect(found.fix).toContain(wanted.fix)
      expect(found.why).toMatch(/\.$/)
      expect(found.repair !== undefined).toBe(wanted.mends === true)
    },
  )

  it.each(Object.entries(cases))('%s finds nothing wrong with a well one', async (name, { well }) => {
    expect((await look(name, well)).status).toBe('ok')
  })

  it.each(Object.entries(cases).filter(([, { mends }]) => mends))(
    '%s is mended by the very command that it shows',
    async (name, { sick }) => {
      const { env } = fixture(sick)
      const found = await named(name).run(env)
      const { commandText } = await import('../../../src/cli/machine.ts')
      if (!('repair' in found) || !found.repair) throw new Error('it has no repair')
      expect(commandText(found.repair)).toBe(found.fix)
      // Nothing that moves a robot, restarts the machine, or is more than one program.
      expect(found.fix).not.toMatch(/reboot|shutdown|^(sudo )?tendon|&&|;/)
    },
  )
})

describe('one check', () => {
  it('groups tells somebody who was added, and has not logged in since, what to do', async () => {
    const found = await look('groups', { files: { '/etc/group': group('pi') }, user: { groups: [1000] } })
    expect(found).toMatchObject({ status: 'failure', fix: 'newgrp dialout' })
  })

  it('groups wants i2c too, where the robot has something there', async () => {
    const found = await look('groups', { files: { '/etc/group': group('pi') }, robot: armOnI2c() })
    expect(found).toMatchObject({ fix: 'sudo usermod --append --groups i2c pi' })
  })

  it('serial-console only warns while no robot says that it has something on the UART', async () => {
    const files = { '/boot/cmdline.txt': 'console=ttyAMA0,115200' }
    expect(await look('serial-console', { files })).toMatchObject({ status: 'warning' })
    expect(await look('serial-console', { files, robot: armOn('/dev/ttyACM0') })).toMatchObject({ status: 'ok' })
  })

  it('serial-console sees a login on the UART too', async () => {
    const files = { '/etc/systemd/system/getty.target.wants/serial-getty@ttyAMA0.service': '' }
    const found = await look('serial-console', { files, robot: armOn('/dev/ttyAMA0') })
    expect(found).toMatchObject({ status: 'failure', what: expect.stringContaining('serial-getty@ttyAMA0') })
  })

  it('modem-manager is content with a udev rule that keeps it away', async () => {
    const found = await look('modem-manager', {
      programs: { [MODEM]: { out: 'active\n' } },
      files: { '/etc/udev/rules.d/60-tendon.rules': 'ENV{ID_MM_DEVICE_IGNORE}="1"' },
    })
    expect(found.status).toBe('ok')
  })

  it('robot-ports warns of a number that is given out anew, and names the lasting name', async () => {
    const found = await look('robot-ports', { ...adapter, robot: armOn('/dev/ttyACM0') })
    expect(found).toMatchObject({ status: 'warning', fix: expect.stringContaining(BY_ID) })
  })

  it('ports warns where udev has made no lasting name', async () => {
    const found = await look('ports', {
      files: adapter.files,
      links: { ...adapter.links, '/dev/serial/by-id/usb-1a86_5970073': 'elsewhere' },
    })
    expect(found).toMatchObject({ status: 'warning', what: expect.stringContaining('/dev/ttyACM0') })
  })

  it('under-voltage reads the flags of the kernel where the firmware’s own program is missing', async () => {
    const files = { '/sys/devices/platform/soc/soc:firmware/get_throttled': '50005\n' }
    expect(await look('under-voltage', { files })).toMatchObject({
      what: expect.stringContaining('now: under-voltage'),
    })
  })

  it('disk sees that Linux has mounted the card read-only', async () => {
    const found = await look('disk', { files: { '/proc/mounts': '/dev/mmcblk0p2 / ext4 ro,noatime 0 0\n' } })
    expect(found).toMatchObject({ status: 'failure', what: expect.stringContaining('read-only') })
  })

  it('service wants a watchdog in the unit', async () => {
    const found = await look('service', { files: unit('[Service]\nType=simple\n') })
    expect(found).toMatchObject({ status: 'failure', fix: 'sudo tendon service install arm' })
  })

  it('servos says what the driver says of two servos with one id', async () => {
    const { problem, TendonError } = await import('tendon/device')
    const twice = new TendonError(problem('TENDON_LINK_CLOSED', { port: '/dev/ttyACM0' }))
    const robot = armAsked('/dev/ttyACM0', { ping: async () => Promise.reject(twice) })
    const found = await look('servos', { files: { '/dev/ttyACM0': '' }, robot })
    expect(found).toMatchObject({ status: 'failure', what: twice.problem.what, fix: twice.problem.fix })
  })

  it('servos leaves a line alone that somebody has open', async () => {
    let asked = 0
    const robot = armAsked(BY_ID, {
      ping: async () => {
        asked++
        return undefined
      },
    })
    const links = { ...adapter.links, '/proc/431/fd/7': '/dev/ttyACM0' }
    const found = await look('servos', { ...adapter, links, robot })
    expect([found.status, asked]).toEqual(['not_applicable', 0])
  })

  it('runs no program with the rights of root while it looks', async () => {
    for (const { sick } of Object.values(cases)) {
      const { env, ran } = fixture(sick)
      for (const check of checks) await check.run(env)
      expect(ran.filter((command) => command.includes('sudo'))).toEqual([])
    }
  })
})
