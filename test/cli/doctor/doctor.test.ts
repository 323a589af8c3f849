import { chmodSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { checks } from '../../../src/cli/doctor/checks/index.ts'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { repairAll } from '../../../src/cli/doctor/repair.ts'
import { outputFor } from '../../../src/cli/output.ts'
import { ownFolders, tendon } from '../command-line.ts'
import { here } from '../in-process.ts'
import { fixture } from './fixture.ts'

const LONG = 60_000
const TIMER = '/sys/bus/usb-serial/devices/ttyUSB0/latency_timer'
const jsonLines = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

// A machine of files, with programs of its own in the place of those of the system.
describe('tendon doctor', { timeout: LONG }, () => {
  let root = ''
  let env: Record<string, string> = {}
  const write = (path: string, text: string, mode = 0o644): void => {
    const place = join(root, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
    chmodSync(place, mode)
  }
  const program = (name: string, script: string): void => write(`/bin/${name}`, `#!/bin/sh\n${script}\n`, 0o755)
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tendon-doctor-'))
    const folders = ownFolders()
    env = { ...folders, TENDON_ROOT: root, PATH: `${join(root, 'bin')}:${process.env.PATH}` }
    program('timedatectl', 'echo yes')
    program('systemctl', 'echo inactive; exit 3')
    program('vcgencmd', 'echo throttled=0x0')
    program('sudo', 'exec "$@"')
    write('/etc/os-release', 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n')
    write('/proc/meminfo', 'MemAvailable: 3000000 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n')
    write('/sys/class/tty/ttyAMA0/device/uevent', '')
    write('/sys/class/tty/ttyAMA0/type', '1')
    write(TIMER, '1\n')
  })
  const doctor = (...args: string[]) => here(['doctor', ...args], env)

  it('finds nothing on a well machine, exits 0, and says of each check how it stands', async () => {
    const { code, out, err } = await tendon(['doctor', '--json'], undefined, env)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const lines = jsonLines(out)
    expect(lines.slice(0, -1).map(({ check }) => check)).toEqual(checks.map(({ name }) => name))
    expect(lines.at(-1)).toMatchObject({ type: 'doctor', failure: 0, warning: 0 })
    // These two are no fixture: the library and the guard of this very machine.
    for (const check of ['native-module', 'guard'])
      expect(lines).toContainEqual(expect.objectContaining({ check, status: 'ok' }))
  })

  it('on a sick one exits 1, prints the fix, and changes nothing by itself', async () => {
    write(TIMER, '16\n')
    const { code, out } = await doctor()
    expect(code).toBe(1)
    expect(out).toMatch(/✗ Latency timer of adapters: .*16 ms.\n {4}why: .*\n {4}fix: echo 1 \| .*tee .*latency_timer/)
    expect(out).toMatch(/1 failed, 0 warned, .*\n1 of them can be mended by: tendon doctor --fix/)
    expect(readFileSync(join(root, TIMER), 'utf8')).toBe('16\n')
  })

  it('with --fix --yes runs what it showed, looks again, and exits 0 when that has helped', async () => {
    write(TIMER, '16\n')
    const { code, out } = await doctor('--fix', '--yes', '--json')
    expect(readFileSync(join(root, TIMER), 'utf8')).toBe('1\n')
    const lines = jsonLines(out)
    const timer = lines.filter(({ check }) => check === 'latency-timer')
    expect(timer.map(({ type, status }) => [type, status])).toEqual([
      ['check', 'failure'],
      ['repair', undefined],
      ['check', 'ok'],
    ])
    expect([code, lines.at(-1)]).toEqual([0, expect.objectContaining({ type: 'doctor', failure: 0 })])
  })

  it('with --fix and nobody at a terminal asks nobody, and runs nothing', async () => {
    write(TIMER, '16\n')
    const { code, err } = await doctor('--fix')
    expect([code, err]).toEqual([2, expect.stringContaining('fix: tendon doctor --fix --yes')])
    expect(readFileSync(join(root, TIMER), 'utf8')).toBe('16\n')
  })

  it('of a robot looks at its ports, and at nothing that it has not', async () => {
    const { code, out } = await here(['doctor', 'test/cli/turret.ts', '--json'], {
      ...env,
      TURRET_PORT: '/dev/ttyACM0',
    })
    const finding = (name: string) => jsonLines(out).find(({ check }) => check === name)
    expect(code).toBe(1)
    expect(finding('robot-ports')).toMatchObject({ status: 'failure', what: '/dev/ttyACM0 is not there.' })
    for (const name of ['broker', 'i2c', 'gpio']) expect(finding(name)).toMatchObject({ status: 'not_applicable' })
  })
})

describe('a repair', () => {
  const silent = outputFor(true, { out: { write: () => true } })
  const sick = { files: { [TIMER]: '16\n' } }

  it('is run only when somebody has said yes to its very command', async () => {
    for (const [answer, wanted] of [
      [true, 1],
      [false, 0],
    ] as const) {
      const { env, ran } = fixture(sick)
      const found = await examine(checks, env, () => {})
      const before = ran.length
      const asked: string[] = []
      const mended = await repairAll(found, env, silent, async (command) => {
        asked.push(command)
        return answer
      })
      const timer = asked.filter((command) => command.includes('latency_timer'))
      expect(timer).toEqual([expect.stringMatching(/^echo 1 \| sudo tee /)])
      expect(ran.slice(before).filter((command) => command === timer[0])).toHaveLength(wanted)
      expect(mended.some(({ check }) => check.name === 'latency-timer')).toBe(answer)
    }
  })
})

describe('a check that throws', () => {
  it('is a failure of that check, and the others go on', async () => {
    const { env } = fixture({})
    const odd = {
      name: 'odd',
      title: 'Odd',
      run: () => {
        throw new Error('what a surprise')
      },
    }
    const found = await examine([odd, ...checks.filter(({ name }) => name === 'node')], env, () => {})
    expect(found.map(({ finding }) => finding.status)).toEqual(['failure', 'ok'])
    expect(found[0]?.finding.what).toContain('what a surprise')
  })
})
