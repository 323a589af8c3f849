import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RobotDefinition } from 'tendon'
import { describe, expect, it } from 'vitest'
import { planService } from '../../../src/cli/service/plan.ts'
import { unitText } from '../../../src/cli/service/unit.ts'
import { fixture, type Machinery } from '../doctor/fixture.ts'
import { armOn, armOnI2c, armWithButton } from '../doctor/robots.ts'

const BY_ID = '/dev/serial/by-id/usb-1a86_5970073'
const adapter: Machinery = {
  files: {
    '/etc/group': 'root:x:0:\ndialout:x:20:\ngpio:x:997:\n',
    '/etc/passwd': 'root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/sh\n',
    '/dev/ttyACM0': '',
    '/sys/devices/usb1/1-1/idVendor': '2f5d',
    '/sys/devices/usb1/1-1/idProduct': '2202',
    '/sys/devices/usb1/1-1/serial': '59 70"073',
    '/sys/devices/usb1/1-1/1-1:1.0/bInterfaceNumber': '00',
  },
  links: {
    '/sys/class/tty/ttyACM0/device': '../../../devices/usb1/1-1/1-1:1.0',
    [BY_ID]: '../../ttyACM0',
  },
}

const plan = (
  definition: RobotDefinition,
  machinery: Machinery = adapter,
  more: { user?: string; place?: string; operator?: string } = {},
) =>
  planService({
    machine: fixture(machinery).env.machine,
    definition,
    place: more.place ?? '/opt/arm',
    user: more.user ?? 'tendon',
    tendon: ['/usr/bin/node', '/opt/arm/node_modules/tendon/dist/cli/main.js'],
    operator: more.operator,
  })
const textOf = async (made: ReturnType<typeof plan>, path: RegExp): Promise<string> =>
  (await made).files.find((file) => path.test(file.path))?.text ?? ''

describe('the unit of a robot', () => {
  const lines = async (definition = armOn(BY_ID)) => (await textOf(plan(definition), /\.service$/)).split('\n')

  it('runs it, and never arms it', async () => {
    const unit = await lines()
    expect(unit).toContain('ExecStart=/usr/bin/node "/opt/arm/node_modules/tendon/dist/cli/main.js" "run" "/opt/arm"')
    expect(unit.join('\n')).not.toMatch(/"arm"|--arm/)
  })

  it('is watched, keeps its guard until the servos were told, and switches off whatever ended it', async () => {
    const unit = await lines()
    for (const line of ['Type=notify', 'NotifyAccess=all', 'WatchdogSec=10', 'KillMode=process', 'OOMPolicy=continue'])
      expect(unit).toContain(line)
    expect(unit).toContain(
      'ExecStopPost=/usr/bin/node "/opt/arm/node_modules/tendon/dist/cli/main.js" "service" "off" "/opt/arm"',
    )
    // What `tendon run` ends with after SIGTERM is no failure, and after a failure it comes up again, a few times.
    for (const line of ['SuccessExitStatus=143 130', 'Restart=on-failure', 'StartLimitBurst=5'])
      expect(unit).toContain(line)
  })

  it('has no rights but those that it needs', async () => {
    const unit = await lines()
    for (const line of [
      'User=tendon',
      'NoNewPrivileges=yes',
      'ProtectSystem=strict',
      'ProtectHome=yes',
      'CapabilityBoundingSet=',
      'DevicePolicy=closed',
      'SupplementaryGroups=dialout',
      'StateDirectory=tendon',
    ])
      expect(unit).toContain(line)
    expect(unit.filter((line) => line.startsWith('DeviceAllow='))).toContain('DeviceAllow=char-ttyACM rw')
  })

  it('lets the members of one group talk to it, and nobody else', async () => {
    const unit = await lines()
    for (const line of ['Group=tendon', 'RuntimeDirectory=tendon', 'RuntimeDirectoryMode=0750'])
      expect(unit).toContain(line)
    expect(unit.find((line) => line.startsWith('Environment='))).toContain('TENDON_SHARE=group')
  })

  it('opens the devices of what the robot has, and joins only groups that this machine has', async () => {
    const i2c = await lines(armOnI2c())
    expect(i2c).toContain('DeviceAllow=char-i2c rw')
    expect(i2c).toContain('SupplementaryGroups=')
    expect(i2c.join('\n')).not.toContain('ttyACM')
    const button = await lines(armWithButton())
    expect(button).toContain('DeviceAllow=char-gpiochip rw')
    expect(button).toContain('SupplementaryGroups=dialout gpio')
  })

  it('may read its home where the robot lies there', async () => {
    const parts = {
      robot: 'arm',
      user: 'pi',
      tendon: ['/usr/bin/node'],
      place: '/home/pi/arm',
      groups: [],
      devices: [],
    }
    expect(unitText({ ...parts, inHome: true })).toContain('ProtectHome=read-only')
  })

  it('takes paths as they are, whatever systemd would read in them', () => {
    const parts = { robot: 'arm', user: 'pi', groups: [], devices: [], inHome: false }
    const unit = unitText({ ...parts, tendon: ['/usr/bin/node'], place: '/opt/my "arm" 100%/$HOME\\x' })
    expect(unit).toContain('ExecStart=/usr/bin/node "run" "/opt/my \\"arm\\" 100%%/$$HOME\\\\x"')
  })
})

describe('the rules for udev', () => {
  it('name the adapter of each bus by its serial number, with nothing in it that udev would read', async () => {
    const made = plan(armOn(BY_ID))
    const rule = (await textOf(made, /\.rules$/)).split('\n').find((line) => line.includes('SYMLINK'))
    expect(rule).toBe(
      'SUBSYSTEM=="tty", ATTRS{idVendor}=="2f5d", ATTRS{idProduct}=="2202", ATTRS{serial}=="59 70?073", SYMLINK+="tendon/arm-servos", ENV{ID_MM_PORT_IGNORE}="1"',
    )
    expect((await made).names).toEqual([['/dev/ttyACM0', '/dev/tendon/arm-servos']])
  })

  it('keep ModemManager away from it and from the usual adapters, and set the latency timer', async () => {
    const rules = await textOf(plan(armOn(BY_ID)), /\.rules$/)
    for (const pair of ['"2f5d", ATTR{idProduct}=="2202"', '"1a86", ATTR{idProduct}=="55d3"'])
      expect(rules).toContain(`ATTR{idVendor}==${pair}, ENV{ID_MM_DEVICE_IGNORE}="1"`)
    expect(rules).toContain('ATTR{latency_timer}="1"')
  })

  it('say of an adapter without a serial number that it cannot be known again', async () => {
    const files = { ...adapter.files, '/sys/devices/usb1/1-1/serial': '' }
    const rules = await textOf(plan(armOn(BY_ID), { ...adapter, files }), /\.rules$/)
    expect(rules).toContain('# /dev/ttyACM0: its adapter has no serial number')
    expect(rules).not.toContain('SYMLINK')
  })
})

describe('installing', () => {
  it('makes the user where it is missing, and only the group where it is there', async () => {
    expect(await textOf(plan(armOn(BY_ID)), /sysusers/)).toMatch(/^g tendon -\nu tendon - /m)
    expect(await textOf(plan(armOn(BY_ID), adapter, { user: 'pi' }), /sysusers/)).not.toMatch(/^u /m)
  })

  it('verifies the unit before systemd is told of it, and starts it last', async () => {
    const { calls } = await plan(armOn(BY_ID), adapter, { operator: 'pi' })
    expect(calls.map(({ program, args }) => [program, args[0]].join(' '))).toEqual([
      expect.stringMatching(/^systemd-sysusers /),
      'usermod --append',
      'udevadm control',
      'udevadm trigger',
      'systemd-analyze verify',
      'systemctl daemon-reload',
      'systemctl enable',
      'systemctl restart',
    ])
  })

  it('is refused where its user could not read the robot, and names the folder that keeps it out', async () => {
    const home = mkdtempSync(join(tmpdir(), 'tendon-home-'))
    const place = join(home, 'arm')
    mkdirSync(place)
    chmodSync(home, 0o700)
    await expect(plan(armOn(BY_ID), adapter, { place: join(place, 'robot.js') })).rejects.toMatchObject({
      problem: { code: 'TENDON_SERVICE_UNREADABLE', facts: { user: 'tendon', path: home } },
    })
  })
})
