import { execFileSync } from 'node:child_process'
import { systemClock } from 'tendon'
import type { ByteConnection } from 'tendon/device'
import { openPty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { type Simulable, type Simulation, type SimulationOptions, simulated, simulationOf } from 'tendon/sim'

/** Bits per second by the index in register 6. */
const BAUD_RATES = [1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400]

/** Simulated servos behind a real serial port, with plugs, and ears for one baud rate each. */
export interface ServoLine {
  readonly path: string
  readonly world: Simulation
  /** The joints whose servo is on the line; all of them at first. */
  readonly plugged: Set<string>
  /** Instruction codes that the host has sent, with their address where they write. */
  readonly heard: readonly number[]
  register(joint: string, name: string): number
  /** Powers all of them, as a program that moved them has left them. */
  power(): Promise<void>
  close(): Promise<void>
}

/**
 * Puts the servos of a robot behind a pty. A pty passes bytes at any rate, but it knows which one a program has set; so
 * here a servo hears only what is sent at its own. `anyBaud`: it hears all; asking the pty takes some milliseconds, too
 * many for a robot that is armed.
 */
export async function servoLine<R extends Simulable<R>>(
  robot: R,
  options: SimulationOptions = {},
  { anyBaud = false } = {},
): Promise<ServoLine> {
  const pty = await openPty()
  const world = simulationOf(simulated(robot, options))
  const plugged = new Set(world.servos.map(({ joint }) => joint))
  const heard: number[] = []
  const listen = (): void => {
    const speed = anyBaud ? 0 : Number(execFileSync('stty', ['-F', pty.path, 'speed'], { encoding: 'utf8' }))
    for (const { joint, servo } of world.servos) {
      const hears = anyBaud || BAUD_RATES[servo.register('baudIndex', 0)] === speed
      if (plugged.has(joint) && hears) world.faults.unsilence(joint)
      else world.faults.silence(joint)
    }
  }
  const gate: ByteConnection = {
    get isOpen() {
      return pty.connection.isOpen
    },
    write: (bytes) => pty.connection.write(bytes),
    onBytes: (listener) =>
      pty.connection.onBytes((chunk) => {
        listen()
        listener(chunk)
      }),
    onLost: (listener) => pty.connection.onLost(listener),
    close: () => pty.connection.close(),
  }
  const detach = world.attach('servos', gate, { clock: systemClock }, { anyBaud: true })
  world.tap(({ from, bytes }) => {
    if (from === 'host') heard.push(bytes[4] as number)
  })
  return {
    path: pty.path,
    world,
    plugged,
    heard,
    register: (joint, name) => world.servo(joint).read(name as never),
    power: async () => {
      const port = serial({ path: pty.path, baudRate: 1_000_000 })
      const mounts = Object.entries(robot.hardware.joints).flatMap(([joint, { servo }]) =>
        servo ? [{ joint, servo }] : [],
      )
      const host = robot.hardware.buses.servos?.withPort(port).create({ clock: systemClock }, mounts)
      await host?.open()
      await host?.setTorque(
        mounts.map(({ servo }) => servo.id),
        true,
      )
      await host?.close()
    },
    close: async () => {
      detach()
      await pty.close()
    },
  }
}
