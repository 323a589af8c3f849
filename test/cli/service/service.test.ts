import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { begin, ownFolders } from '../command-line.ts'
import { here } from '../in-process.ts'

const LONG = 60_000
const UNIT = '/etc/systemd/system/tendon-turret.service'
const RULES = '/etc/udev/rules.d/60-tendon-turret.rules'

// The verb as root calls it, on a machine of files, with programs that write down how they were called.
describe('tendon service', { timeout: LONG }, () => {
  let root = ''
  let env: Record<string, string> = {}
  const write = (path: string, text: string, mode = 0o644): void => {
    const place = join(root, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, text)
    chmodSync(place, mode)
  }
  const program = (name: string, script = ''): void =>
    write(`/bin/${name}`, `#!/bin/sh\necho "${name} $*" >> '${root}/ran'\n${script}\n`, 0o755)
  const ran = (): string[] => readFileSync(join(root, 'ran'), 'utf8').replaceAll(root, '').trim().split('\n')
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tendon-service-'))
    env = { ...ownFolders(), TENDON_ROOT: root, PATH: `${join(root, 'bin')}:${process.env.PATH}`, SUDO_USER: '' }
    for (const name of ['systemd-sysusers', 'udevadm', 'systemd-analyze', 'systemctl', 'usermod', 'journalctl'])
      program(name)
    write('/etc/group', 'dialout:x:20:\n')
    write('/ran', '')
  })
  const service = (...args: string[]) => here(['service', ...args], env)
  const install = (...args: string[]) => service('install', 'test/cli/turret.ts', '--user', 'root', ...args)

  it('install writes unit, user and rules, and runs what makes them count', async () => {
    const { code, out, err } = await install()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(readFileSync(join(root, UNIT), 'utf8')).toContain('Description=Tendon robot turret')
    expect([existsSync(join(root, RULES)), existsSync(join(root, '/etc/sysusers.d/tendon.conf'))]).toEqual([true, true])
    expect(ran()).toEqual([
      'systemd-sysusers /etc/sysusers.d/tendon.conf',
      'udevadm control --reload',
      'udevadm trigger --action=change --subsystem-match=tty --subsystem-match=usb-serial',
      `systemd-analyze verify ${UNIT}`,
      'systemctl daemon-reload',
      'systemctl enable tendon-turret.service',
      'systemctl restart tendon-turret.service',
    ])
    expect(out).toMatch(/turret is up, disarmed, and comes up disarmed after every start/)
  })

  it('install --dry-run says all of it, and touches nothing', async () => {
    const { code, out } = await install('--dry-run', '--json')
    expect([code, existsSync(join(root, '/etc/systemd')), ran()]).toEqual([0, false, ['']])
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.map(({ type }) => type)).toEqual([...Array(3).fill('would_write'), ...Array(7).fill('would_run')])
    expect(lines.find(({ path }) => path === UNIT)?.text).toContain('WatchdogSec=10')
  })

  it('install ends at the first program that fails, says what it said, and starts nothing', async () => {
    program('systemd-analyze', 'echo "Unknown key name" >&2; exit 1')
    const { code, err } = await install()
    expect([code, err]).toEqual([1, expect.stringMatching(/TENDON_PROGRAM_FAILED.*verify[\s\S]*Unknown key name/)])
    expect(ran().some((line) => line.startsWith('systemctl'))).toBe(false)
  })

  it('status says how systemd sees it, and is 1 when it is not up', async () => {
    await install()
    program('systemctl', 'echo ActiveState=active; echo SubState=running; echo NRestarts=2')
    expect(await service('status')).toMatchObject({ code: 0, out: expect.stringContaining('restarted 2 times') })
    program('systemctl', 'echo ActiveState=failed; echo Result=watchdog')
    expect(await service('status', 'turret')).toMatchObject({ code: 1, out: expect.stringContaining('watchdog') })
  })

  it('logs are what journalctl prints for this unit', async () => {
    await install()
    program('journalctl', 'echo the robot said this')
    expect((await service('logs', '--follow')).code).toBe(0)
    expect(ran().at(-1)).toBe('journalctl --unit=tendon-turret.service --lines=200 --no-pager --follow')
  })

  it('remove ends it first, and takes unit and rules away', async () => {
    await install()
    write('/ran', '')
    expect((await service('remove', 'turret')).code).toBe(0)
    expect([existsSync(join(root, UNIT)), existsSync(join(root, RULES))]).toEqual([false, false])
    expect(ran()).toEqual([
      'systemctl disable --now tendon-turret.service',
      'systemctl daemon-reload',
      'udevadm control --reload',
    ])
  })

  it.each([
    [['status'], 1, 'TENDON_SERVICE_MISSING'],
    [['remove', 'so101'], 1, 'TENDON_SERVICE_MISSING'],
    [['instal', 'x'], 2, 'Known: install.'],
    [['install'], 2, 'tendon service install robot.js'],
    [['install', 'test/cli/turret.ts', '--user', 'a b'], 2, '--user tendon'],
  ])('%j is refused: exit %d, %s', async (words, wanted, said) => {
    const { code, err } = await service(...words)
    expect([code, err]).toEqual([wanted, expect.stringContaining(said)])
  })

  it('install is refused while the robot is armed: nobody restarts what somebody works with', async () => {
    const robot = begin(['run', 'test/cli/turret.ts', '--sim'], env)
    await robot.until(/is up/)
    expect((await here(['arm'], env)).code).toBe(0)
    const { code, err } = await install()
    robot.child.kill('SIGTERM')
    await robot.ended
    expect([code, err]).toEqual([1, expect.stringContaining('TENDON_SERVICE_ARMED')])
    expect(ran()).toEqual([''])
  })
})
