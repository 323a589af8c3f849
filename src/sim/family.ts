import type { Radians, Seconds } from '../base/units.ts'
import type { JointSpec } from '../device/joint.ts'
import type { ServoBusSpec, ServoCalibration, ServoSpec } from '../device/servo-bus.ts'
import type { ByteConnection, ByteTransport, DeviceEnv, Unsubscribe } from '../device/transport.ts'
import type { LineFaults } from './line-faults.ts'
import type { Random } from './random.ts'
import type { Timeline } from './timeline.ts'

/** Where bytes for the host go. */
export type HostEar = (bytes: Uint8Array) => void

/** One frame (on I2C: one transaction) on the wire, as it was there. */
export interface WireFrame {
  /** On the clock that the simulation was opened with: when its last byte was on the wire. */
  readonly at: Seconds
  /** The bus's name in the definition. */
  readonly bus: string
  readonly from: 'host' | 'servo'
  readonly bytes: Uint8Array
}

/** How a family's raw positions stand to the angle of the servo's own shaft. */
export interface ServoScale {
  /** Raw position at the servo's zero. */
  readonly zero: number
  /** Raw positions of one turn. */
  readonly turn: number
}

/**
 * One simulated servo, as faults and tests handle it, whatever its family. Positions are raw, with fraction, on the
 * servo's own scale. Each call says what time it is in the simulation; what lies between is made up for in fixed steps,
 * so that nothing depends on who looks how often. Looking changes nothing.
 */
export interface ServoUnit {
  /** As its registers hold it now. */
  readonly id: number
  readonly scale: ServoScale
  /** Names that `register` knows. */
  readonly registerNames: readonly string[]
  /** Whether its controller has the voltage that it needs to hear and answer anything. */
  readonly supplied: boolean

  /** A register's value, signed where it is, as a host would read it. Only for names in `registerNames`. */
  register(name: string, now: Seconds): number
  /** Bytes as a host would read them; what the family does not have is 0. */
  read(address: number, count: number, now: Seconds): Uint8Array
  /** The shaft itself, finer than any encoder. */
  position(now: Seconds): number
  /** Raw positions per second. */
  velocity(now: Seconds): number
  /** The position that a host can read; for a servo that measures nothing, the one it was told. */
  presentPosition(now: Seconds): number
  /** The position that it goes to, after its limits. */
  presentGoal(now: Seconds): number
  /** Whether the shaft turns. */
  moving(now: Seconds): boolean
  /** Whether the motor is energised. */
  powered(now: Seconds): boolean
  /** Names of the alarms that it raises. */
  alarms(now: Seconds): readonly string[]

  /** Turns the shaft as a hand would, at once; the mechanical ends hold. */
  turnTo(position: number, now: Seconds): void
  /** Holds the shaft as an obstacle would, or lets it go. */
  jam(jammed: boolean, now: Seconds): void
  /** Makes the joint follow at this share of the speed that it was told, 0 to 1. */
  slow(pace: number, now: Seconds): void
  /** Trips the overload alarm, where the family has one. */
  overload(now: Seconds): void
  /** Clears the alarms that have tripped. */
  clearAlarms(now: Seconds): void
  /** Makes its temperature sensor show this, in degrees Celsius, until it is let go with `undefined`. */
  heat(celsius: number | undefined, now: Seconds): void
  /** Sets its supply in volts; `undefined`: what it was set up with. */
  supply(volts: number | undefined, now: Seconds): void
  /** Power off and on: what its memory forgets is forgotten, and the motor is limp. */
  powerCycle(now: Seconds): void
}

/** The servos of one bus, the line that they share, and who listens to it. */
export interface SimulatedLine {
  readonly name: string
  readonly servos: readonly ServoUnit[]
  /** Bits per second on the line. */
  readonly baudRate: number
  /** How many bytes were garbled because host and servo sent at once; 0 where that cannot happen. */
  readonly collisions: number
  /** Whether the host hears its own bytes. A line that cannot echo ignores what is set here. */
  echo: boolean
  /** What the host hands to its port in one call. The timeline must be bound. */
  send(bytes: Uint8Array): void
  /** Gives the line to this host; `undefined`: nobody listens any more, and what was written still goes out. */
  connect(ear: HostEar | undefined): void
  /** Breaks the line: what is under way is lost, and so is everything until it is mended. Twice does nothing more. */
  cut(): void
  mend(): void
  /**
   * Puts the line behind any connection, such as the master of a pty, until the returned function is called; absent
   * where a stream of bytes cannot carry what goes over it, as on I2C. `anyBaud`: servos hear it whatever baud rate they
   * are set to.
   */
  attach?(connection: ByteConnection, env: DeviceEnv, options?: { anyBaud?: boolean }): Unsubscribe
  /** Tells `listener` every frame on the wire. It must not throw. */
  tap(listener: (frame: WireFrame) => void): Unsubscribe
}

/** The host's way to a line: a port whose cable can be pulled. */
export interface LinePort extends ByteTransport {
  /** Pulls the cable. Twice does nothing more. */
  unplug(): void
  /** Puts it back: the port can be opened again. */
  plug(): void
}

/** A joint with its servo, as a family gets it to simulate. */
export interface MountedServo {
  readonly joint: string
  readonly spec: JointSpec & { readonly servo: ServoSpec }
  readonly calibration: ServoCalibration | undefined
  /** Of the bus that it is on. */
  readonly baudRate: number
  /** Where the servo's shaft is at first. */
  readonly angle: Radians
  /** Mechanical ends of the shaft; absent: it turns freely. */
  readonly travel: readonly [min: Radians, max: Radians] | undefined
  /** Share of the servo's torque that pulls at the shaft, positive in the direction in which its angle grows. */
  readonly gravity: number
  /** Volts; absent: what this servo is made for. */
  readonly supply: number | undefined
  /** Degrees Celsius of the surroundings; absent: 25. */
  readonly ambient: number | undefined
  /** Register values that differ from a new servo's and from the calibration. */
  readonly registers: Readonly<Record<string, number>>
}

/** A bus as a family gets it to simulate. */
export interface LineSetup {
  readonly name: string
  readonly spec: ServoBusSpec
  /** Those that are mounted on it, in the order of the definition; each came from `servos` of the same family. */
  readonly servos: readonly ServoUnit[]
  readonly faults: LineFaults
  readonly baudRate: number
  /** The host hears its own bytes. */
  readonly echo: boolean
  /** Seconds from a reply's last byte to the host. */
  readonly latency: Seconds
  readonly timeline: Timeline
  /** The line's own, so that one line's chances do not depend on what another one did. */
  readonly random: Random
}

/**
 * A family of servos that can be simulated at its bytes. A value in `families`: nothing is registered by import. All
 * that goes on happens on the timeline that is passed in, and leaves no timer pending while the line is idle.
 */
export interface SimulatedFamily {
  /** As `ServoBusSpec.family` and `ServoSpec.family` have it. */
  readonly family: string
  /** As `ServoSpec.model` has it. */
  readonly models: readonly string[]
  /** Where the port of a bus does not say how fast it is. */
  readonly baudRate: number
  /** The servo that is mounted on a joint, and then the shadows that turn the same joint with it. */
  servos(mounted: MountedServo): readonly ServoUnit[]
  line(setup: LineSetup): SimulatedLine
  /** The port in front of a line; absent: a serial port (`SimulatedPort`). */
  port?(line: SimulatedLine, setup: LineSetup): LinePort
}
