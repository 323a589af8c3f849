import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { RobotDefinition } from 'tendon'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Machine } from '../../src/cli/machine.ts'
import { planService } from '../../src/cli/service/plan.ts'
import { begin, ownFolders } from '../cli/command-line.ts'
import turret from '../cli/turret.ts'
import { systemProgram } from './programs.ts'

const LONG = 120_000
const run = promisify(execFile)
const UNIT = 'etc/systemd/system/tendon-turret.service'

// What `tendon service install` writes, as the very programs of systemd read it. No service manager runs here.
describe('the unit that is installed', { timeout: LONG }, () => {
  const place = mkdtempSync(join(tmpdir(), 'tendon-unit-'))
  const analyze = systemProgram('systemd-analyze', 'systemd')
  beforeAll(async () => {
    const machine = new Machine(place)
    machine.write('/etc/group', 'root:x:0:\ndialout:x:20:\n')
    machine.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n')
    // A program that every machine has where everybody may run it, in the place of Node.
    const tendon = ['/usr/bin/env', 'node', '/opt/tendon/turret/current/node_modules/tendon/dist/cli/main.js']
    const definition = turret as unknown as RobotDefinition
    const options = { machine, definition, tendon, place: '/opt/tendon/turret/current', user: 'tendon' }
    const { files } = await planService({ ...options, operator: undefined })
    for (const { path, text } of files) machine.write(path, text)
  })

  it('is clean for systemd-analyze verify: not a word', async () => {
    const { stdout, stderr } = await run(analyze, ['verify', '--man=no', join(place, UNIT)])
    expect([stdout, stderr]).toEqual(['', ''])
  })

  it('is refused by it with one letter wrong: the check sees something', async () => {
    const bad = join(place, 'tendon-bad.service')
    writeFileSync(bad, readFileSync(join(place, UNIT), 'utf8').replace('WatchdogSec=10', 'WatchdogSecs=10'))
    const { stderr } = await run(analyze, ['verify', '--man=no', bad])
    expect(stderr).toContain('WatchdogSecs')
  })

  it('is exposed little: below 3 of 10 for systemd-analyze security', async () => {
    const { stdout } = await run(analyze, ['security', '--offline=true', '--no-pager', join(place, UNIT)])
    const level = Number(/exposure level for .*: ([\d.]+)/.exec(stdout)?.[1])
    expect(level).toBeGreaterThan(0)
    expect(level).toBeLessThan(3)
  })

  it('has a user and a group that systemd-sysusers can make', async () => {
    const sysusers = systemProgram('systemd-sysusers', 'systemd')
    const other = mkdtempSync(join(tmpdir(), 'tendon-users-'))
    mkdirSync(join(other, 'etc/sysusers.d'), { recursive: true })
    writeFileSync(join(other, 'etc/sysusers.d/tendon.conf'), readFileSync(join(place, 'etc/sysusers.d/tendon.conf')))
    await run(sysusers, [`--root=${other}`])
    expect(readFileSync(join(other, 'etc/passwd'), 'utf8')).toMatch(/^tendon:.*:\/var\/lib\/tendon:.*nologin$/m)
    expect(readFileSync(join(other, 'etc/group'), 'utf8')).toMatch(/^tendon:/m)
  })
})

// The datagram socket of a service manager, held by Python: Node has none.
const HOLDER = `
import socket, sys, array
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    data, ancillary, flags, address = s.recvmsg(4096, socket.CMSG_SPACE(64))
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds = array.array('i'); fds.frombytes(content[:len(content) - len(content) % fds.itemsize])
            for fd in fds: socket.close(fd)
    print(data.decode().replace('\\n', ' '), flush=True)
`

describe('tendon run under the notify socket of systemd', { timeout: LONG }, () => {
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  async function underSystemd(env: Record<string, string> = {}) {
    systemProgram('systemd-notify', 'systemd')
    const socket = join(mkdtempSync(join(tmpdir(), 'tendon-notify-')), 'notify')
    mkdirSync(dirname(socket), { recursive: true })
    const holder = spawn('python3', ['-c', HOLDER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(holder)
    let told = ''
    await new Promise<void>((resolve, reject) => {
      holder.once('error', () => reject(new Error('python3 is not installed: apt-get install -y python3')))
      holder.stdout.on('data', (chunk) => {
        told += String(chunk)
        if (told.startsWith('bound')) resolve()
      })
    })
    const settings = { ...ownFolders(), NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000', ...env }
    const robot = begin(['run', 'test/cli/turret.ts', '--sim'], settings)
    children.push(robot.child)
    await robot.until(/is up/)
    return { robot, lines: () => told.split('\n').slice(1).filter(Boolean), settings }
  }

  it('the real systemd-notify brings READY, the pings, and STOPPING', async () => {
    const { robot, lines } = await underSystemd()
    await expect
      .poll(() => lines().filter((line) => line === 'WATCHDOG=1').length, { timeout: LONG / 2 })
      .toBeGreaterThan(2)
    expect(lines()[0]).toBe('READY=1')
    robot.child.kill('SIGTERM')
    expect((await robot.ended).code).toBe(143)
    await expect.poll(lines, { timeout: LONG / 2 }).toContain('STOPPING=1')
  })

  it('an event loop that is stuck pings no more: systemd would end it', async () => {
    const { robot, lines } = await underSystemd()
    const pings = () => lines().filter((line) => line === 'WATCHDOG=1').length
    await expect.poll(pings, { timeout: LONG / 2 }).toBeGreaterThan(1)
    robot.child.kill('SIGSTOP')
    // What was under way when it froze may still arrive.
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const frozen = pings()
    await new Promise((resolve) => setTimeout(resolve, 3000))
    expect(pings()).toBe(frozen)
    robot.child.kill('SIGCONT')
    await expect.poll(pings, { timeout: LONG / 2 }).toBeGreaterThan(frozen)
  })
})
