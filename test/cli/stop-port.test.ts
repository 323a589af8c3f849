import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { systemClock } from 'tendon'
import { feetech } from 'tendon/feetech'
import { openPty, type Pty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { type Simulation, simulated, simulationOf } from 'tendon/sim'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begin, ownFolders, tendon } from './command-line.ts'
import robot from './turret.ts'

const LONG = 60_000
const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) => (servo ? [{ joint, servo }] : []))
const jsonOf = (out: string): unknown => JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')

// Two simulated servos, with power, behind a real serial port.
describe('tendon stop --port', { timeout: LONG }, () => {
  let env = ownFolders()
  let pty: Pty
  let world: Simulation
  let detach: () => void
  let child: ChildProcess | undefined
  const torques = (): number[] => world.servos.map((servo) => servo.read('torqueEnable'))
  beforeEach(async () => {
    env = ownFolders()
    pty = await openPty()
    world = simulationOf(simulated(robot))
    detach = world.attach('servos', pty.connection, { clock: systemClock })
    // As a program that moved them has left them.
    const bus = feetech({ port: serial({ path: pty.path, baudRate: 1_000_000 }), tries: 10, slack: 0.2 })
    const host = bus.create({ clock: systemClock }, mounts)
    await host.open()
    await host.setTorque([1, 2], true)
    await host.close()
    expect(torques()).toEqual([1, 1])
  })
  afterEach(async () => {
    child?.kill('SIGKILL')
    child = undefined
    detach()
    await pty.close()
  })
  const stop = (...args: string[]) => tendon(['stop', '--port', pty.path, ...args], undefined, env)

  it('takes the power of every servo, says who answered, and that nobody said who else there is', async () => {
    const { code, out } = await stop('--json')
    expect(torques()).toEqual([0, 0])
    expect(code).toBe(75)
    expect(jsonOf(out)).toMatchObject({ type: 'switched_off', confirmed: false, off: [1, 2], powered: [], silent: [] })
  })

  it('with --ids is confirmed when each of them was read back without power', async () => {
    expect(await stop('--ids', '1-2')).toMatchObject({ code: 0, out: expect.stringContaining('every servo confirmed') })
    expect(torques()).toEqual([0, 0])
  })

  it('names the servos that do not answer, and is not confirmed', async () => {
    world.faults.silence('tilt')
    const { code, out } = await stop('--ids', '1,2')
    expect(code).toBe(75)
    expect(out).toMatch(/off: 1\n {2}no answer: 2\nNOT CONFIRMED/)
    expect(torques()[0]).toBe(0)
  })

  it('where nobody answers says that it was sent, and no more', async () => {
    for (const joint of ['pan', 'tilt']) world.faults.silence(joint)
    const { code, out } = await stop()
    expect(code).toBe(75)
    expect(out).toContain('sent, NOT CONFIRMED: nobody answered')
  })

  it('reaches the servos while a program that hangs holds the lock of the port', async () => {
    const hold = `
      import { SerialPort } from 'serialport'
      new SerialPort({ path: ${JSON.stringify(pty.path)}, baudRate: 1_000_000 }, (error) => {
        process.stdout.write(error ? 'failed' : 'held')
        process.stdout.write('', () => { for (;;); })
      })`
    const root = fileURLToPath(new URL('../..', import.meta.url))
    const holder = spawn(process.execPath, ['--input-type=module', '-e', hold], { cwd: root })
    child = holder
    await new Promise<void>((resolve, reject) =>
      holder.stdout.on('data', (text) => (String(text) === 'held' ? resolve() : reject(new Error(String(text))))),
    )
    expect(await stop('--ids', '1-2')).toMatchObject({ code: 0 })
    expect(torques()).toEqual([0, 0])
  })

  it('goes through the robot that has the port, while that answers', async () => {
    const there = { ...env, TURRET_PORT: pty.path }
    const running = begin(['run', 'test/cli/turret.ts'], there)
    child = running.child
    await running.until(/is up, on its hardware/)
    expect((await tendon(['arm', '--yes'], undefined, env)).code).toBe(0)
    const { code, out } = await stop()
    expect([code, out]).toEqual([0, expect.stringContaining('stop turret: every servo confirmed')])
    expect((await tendon(['status'], undefined, env)).out).toContain('stopped by cli')
    expect(torques()).toEqual([0, 0])
  })

  /** What the guard says on standard error when it has written the whole will: only then has it let go of the line. */
  const guardDone = /tendon guard: .*halt x3, off x3/

  it('after a kill the guard takes the power; every verb says what to run, and that run confirms it off', async () => {
    const running = begin(['run', 'test/cli/turret.ts'], { ...env, TURRET_PORT: pty.path })
    child = running.child
    await running.until(/is up/)
    expect((await tendon(['arm', '--yes'], undefined, env)).code).toBe(0)
    running.child.kill('SIGKILL')
    expect((await running.ended).err).toMatch(guardDone)
    expect(torques()).toEqual([0, 0])
    // Nobody has read that back.
    for (const verb of ['status', 'stop', 'list']) {
      const { code, err } = await tendon([verb], undefined, env)
      expect([verb, code, err]).toEqual([verb, 75, expect.stringContaining(`tendon stop --port ${pty.path}`)])
      expect(err).toContain('Power may still be on: keep clear.')
    }
    // The card that it left says which servos there are.
    expect(await stop()).toMatchObject({ code: 0, out: expect.stringContaining('every servo confirmed') })
    expect(torques()).toEqual([0, 0])
    expect((await tendon(['status'], undefined, env)).code).toBe(69)
    const again = begin(['run', 'test/cli/turret.ts', '--json'], { ...env, TURRET_PORT: pty.path })
    child = again.child
    const out = await again.until(/"type":"up"/)
    const fired = out.split('\n').find((row) => row.includes('guard_fired')) ?? '{}'
    expect(JSON.parse(fired)).toMatchObject({ facts: { pid: running.pid, problem: { code: 'TENDON_HOST_ENDED' } } })
  })

  it('a program that is frozen while armed is ended by its guard, which takes the power', async () => {
    const running = begin(['run', 'test/cli/turret.ts'], { ...env, TURRET_PORT: pty.path })
    child = running.child
    await running.until(/is up/)
    expect((await tendon(['arm', '--yes'], undefined, env)).code).toBe(0)
    running.child.kill('SIGSTOP')
    const { err } = await running.ended
    expect(err).toContain(`process ${running.pid} was killed`)
    expect(err).toMatch(guardDone)
    expect(torques()).toEqual([0, 0])
  })

  it('one that is frozen while disarmed is named with its process, and stop --port goes past it', async () => {
    const running = begin(['run', 'test/cli/turret.ts'], { ...env, TURRET_PORT: pty.path })
    child = running.child
    await running.until(/is up/)
    // The servos have the power that another program has left them: no guard watches over that.
    expect(torques()).toEqual([1, 1])
    running.child.kill('SIGSTOP')
    const silent = await tendon(['stop'], undefined, env)
    expect([silent.code, silent.err]).toEqual([75, expect.stringContaining(`(process ${running.pid}) does not answer`)])
    const { code, out } = await stop()
    expect([code, out]).toEqual([0, expect.stringContaining('does not answer: writing to')])
    expect(torques()).toEqual([0, 0])
  })
})
