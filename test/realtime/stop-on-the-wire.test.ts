import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { simulated, simulationOf } from '../../src/sim/index.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

/*
 * A robot program in a process of its own, on a real serial port (a pty) with the simulated servos behind it. Arrival
 * is stamped on this side of the wire; what the program did, and when, it says itself.
 */
const PROGRAM = fileURLToPath(new URL('./robot-program.ts', import.meta.url))
/** From the act to the first stop frame at the servos, the two processes and the pty included. */
const BOUND_MS = 100

const wall = (): number => performance.timeOrigin + performance.now()

interface Hands {
  readonly hardware: HardwareMap
  withHardware(hardware: HardwareMap): Hands
}
const hands = (hardware: HardwareMap): Hands => ({ hardware, withHardware: hands })

function threeServos(): Hands {
  const names = ['pan', 'lift', 'elbow']
  const joint = (id: number) => ({
    position: [-2, 2] as const,
    velocity: 1,
    servo: sts3215('servos', id),
    stop: 'park' as const,
  })
  return simulated(
    hands({
      buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
      joints: Object.fromEntries(names.map((name, index) => [name, joint(index + 1)])),
      sensors: {},
      calibration: {},
    }),
  )
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** Starts the program on a fresh pty and records what arrives at the servos and what the program says. */
async function robotProgram(mode: string) {
  const pty = await openPty()
  const sim = simulationOf(threeServos())
  const frames: { readonly at: number; readonly bytes: Uint8Array }[] = []
  pty.connection.onBytes((bytes) => frames.push({ at: wall(), bytes }))
  const detach = sim.attach('servos', pty.connection, { clock: systemClock })
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=tendon-source', '--import', 'tsx', PROGRAM, pty.path, mode],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said = new Map<string, number>()
  const errors: string[] = []
  child.stderr?.on('data', (text) => errors.push(String(text)))
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    const { event, at } = JSON.parse(line) as { event: string; at: number }
    said.set(event, at)
    lines.emit(`said:${event}`)
  })
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>
  ends.push(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
    detach()
    await pty.close()
  })
  const until = async (event: string): Promise<void> => {
    if (said.has(event)) return
    const gone = exited.then(() => {
      if (!said.has(event)) throw new Error(`the program ended before it said ${event}: ${errors.join('')}`)
    })
    await Promise.race([once(lines, `said:${event}`), gone])
  }
  return { child, sim, frames, said, exited, until, errors }
}

/** Whether a chunk holds a frame that only a stop sends: a sync write that begins at the torque register, or the broadcast. */
function isStop(bytes: Uint8Array): boolean {
  for (let i = 0; i + 6 < bytes.length; i++) {
    const header = bytes[i] === 0xff && bytes[i + 1] === 0xff && bytes[i + 2] === 0xfe
    if (!header) continue
    const syncFromTorque = bytes[i + 4] === 0x83 && bytes[i + 5] === 40
    const broadcastOff = bytes[i + 4] === 0x03 && bytes[i + 5] === 40 && bytes[i + 6] === 0
    if (syncFromTorque || broadcastOff) return true
  }
  return false
}

const firstStop = (frames: readonly { at: number; bytes: Uint8Array }[], after: number): number =>
  frames.find(({ at, bytes }) => at >= after && isStop(bytes))?.at ?? Number.POSITIVE_INFINITY

const unpowered = (sim: Awaited<ReturnType<typeof robotProgram>>['sim']): boolean =>
  sim.servos.every(({ powered }) => !powered)

describe('stop frames on the wire of a program in mid-motion', () => {
  /** The program crashes like this: what follows is the same whatever was thrown where. */
  async function crash(mode: 'throw' | 'reject'): Promise<void> {
    const program = await robotProgram(mode)
    await program.until('acting')
    const [code] = await program.exited
    const acted = program.said.get('acting') as number
    expect(firstStop(program.frames, acted) - acted).toBeLessThan(BOUND_MS)
    expect(code).toBe(70)
    expect(unpowered(program.sim)).toBe(true)
    expect(program.errors.join('')).toContain('boom')
  }

  it(`an uncaught exception: within ${BOUND_MS} ms, then every servo off, then exit 70`, () => crash('throw'))

  it(`an unhandled rejection: within ${BOUND_MS} ms, then every servo off, then exit 70`, () => crash('reject'))

  it(`stop() among 50 busy runs: within ${BOUND_MS} ms, confirmed, and the move ends canceled`, async () => {
    const program = await robotProgram('stop')
    await program.until('confirmed')
    const acted = program.said.get('acting') as number
    expect(firstStop(program.frames, acted) - acted).toBeLessThan(BOUND_MS)
    await program.exited
    expect(program.said.has('canceled')).toBe(true)
    expect(unpowered(program.sim)).toBe(true)
  })

  it('Ctrl-C: the arm goes to its rest pose while powered, then every servo off, then exit 130', async () => {
    const program = await robotProgram('wait')
    await program.until('moving')
    program.child.kill('SIGINT')
    const [code] = await program.exited
    expect(code).toBe(130)
    expect(unpowered(program.sim)).toBe(true)
    for (const servo of program.sim.servos) expect(Math.abs(servo.angle)).toBeLessThan(0.05)
  })

  it(`a second Ctrl-C: stop frames within ${BOUND_MS} ms, every servo off, away from the rest pose`, async () => {
    const program = await robotProgram('wait')
    await program.until('moving')
    program.child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 150))
    const again = wall()
    program.child.kill('SIGINT')
    const [code] = await program.exited
    expect(firstStop(program.frames, again) - again).toBeLessThan(BOUND_MS)
    expect(code).toBe(130)
    expect(unpowered(program.sim)).toBe(true)
    expect(Math.abs(program.sim.servo('pan').angle)).toBeGreaterThan(0.05)
  })
})
