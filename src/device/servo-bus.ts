import type { Problem } from '../base/problem.ts'
import type { Radians, RadiansPerSecond, RadiansPerSecondSquared, Seconds } from '../base/units.ts'
import type { ServoWorkbench } from './servo-workbench.ts'
import type { ByteTransport, DeviceEnv, Unsubscribe } from './transport.ts'

/**
 * The contract between Tendon and a family of servos. A driver speaks in angles of the servo's own shaft: zero is
 * the middle of its travel, positive is the direction in which its raw position grows. Which joint that is, which
 * way round, and through what gear is the model's matter and never the driver's.
 */
export interface ServoBusSpec {
  /** The protocol family; a servo may only be mounted on a bus of its own family. */
  readonly family: string
  readonly port: ByteTransport
  /** The same bus behind another port: how a simulation takes the place of the wire. */
  withPort(port: ByteTransport): ServoBusSpec
  /** Makes the bus for these servos. Opens nothing yet. */
  create(env: DeviceEnv, servos: readonly ServoMount[]): ServoBus
  /**
   * What sets servos of this family up, one at a time, while no robot runs. `wait`: how long the way through adapter and
   * system may take beyond the bytes' own time; default: the driver's. Absent: the family has no such thing.
   */
  workbench?(env: DeviceEnv, options?: { readonly wait?: Seconds | undefined }): ServoWorkbench
}

/** What a servo takes as its setpoint: an angle, or a speed that it keeps until it is told another one. */
export type ServoMode = 'position' | 'velocity'

/** One servo as a definition names it: `sts3215('servos', 1)`. */
export interface ServoSpec<Bus extends string = string> {
  readonly family: string
  /** `STS3215`. */
  readonly model: string
  /** The name of the bus in the definition. */
  readonly bus: Bus
  readonly id: number
  /** The ids that this family can have. */
  readonly ids: { readonly min: number; readonly max: number }
  /** Default `position`. */
  readonly mode?: ServoMode | undefined
  /**
   * Ids of servos that obey this one's frames by a setting of their own (Dynamixel's secondary id), mechanically on the
   * same joint. They have power of their own: whatever is said of the servo is said of all of these.
   */
  readonly shadows?: readonly number[] | undefined
  /** The angles of its shaft that it can take, where its family knows them: the joint's limits must lie within. */
  readonly travel?: readonly [min: Radians, max: Radians] | undefined
  /** What the driver and the simulator need to know of this servo beyond its model. */
  readonly options: Readonly<Record<string, unknown>>
}

/** A servo in its place: the joint it drives, and what this unit's calibration says must be in its registers. */
export interface ServoMount {
  readonly joint: string
  readonly servo: ServoSpec
  readonly calibration?: ServoCalibration | undefined
}

/** This unit's raw zero and range, as `calibration.json` keeps them and the servo holds them in its EEPROM. */
export interface ServoCalibration {
  /** The position offset register, in raw steps. */
  readonly homingOffset: number
  /** Smallest and largest raw position that the servo accepts. */
  readonly rangeMin: number
  readonly rangeMax: number
}

/** One reading of one servo. Whatever was not asked for or not answered is absent, never a made-up zero. */
export interface ServoSample {
  readonly id: number
  /** When the reply arrived, on the robot's clock. */
  readonly at: Seconds
  readonly position: Radians
  readonly velocity: RadiansPerSecond
  /** Share of the largest torque, -1..1, in the direction of the shaft. */
  readonly load: number
  readonly voltage?: number
  readonly temperature?: number
  readonly current?: number
  readonly moving?: boolean
  /** What its torque register says. */
  readonly powered?: boolean
  /** It measures nothing: position and velocity are what it was told, by time, and load is 0. */
  readonly estimated?: boolean
  /** Names of the alarm bits that the servo reports: `overload`, `voltage`, ... */
  readonly alarms: readonly string[]
}

/** What one servo says of itself when it is asked before arming. */
export interface ServoInspection {
  readonly id: number
  readonly model: string
  readonly firmware: string
  readonly powered: boolean
  /** In volts, and the range that its own registers allow. Both absent: it does not measure its supply. */
  readonly voltage?: number | undefined
  readonly voltageRange?: readonly [min: number, max: number] | undefined
  /** In degrees Celsius, and the limit that its own register sets. Both absent: it does not measure its heat. */
  readonly temperature?: number | undefined
  readonly temperatureLimit?: number | undefined
  readonly alarms: readonly string[]
  readonly position: Radians
  /** What its registers hold against what the mount says must be there; empty when they agree. */
  readonly mismatches: readonly { register: string; expected: number; actual: number }[]
}

/** A setpoint of one servo. Velocity is a magnitude, the pace at which the servo may go there; absent = its largest. */
export interface ServoSetpoint {
  readonly id: number
  readonly position: Radians
  readonly velocity?: RadiansPerSecond | undefined
  readonly acceleration?: RadiansPerSecondSquared | undefined
}

/** A setpoint of a servo in velocity mode: the speed of its shaft, with its sign. */
export interface ServoSpeed {
  readonly id: number
  readonly speed: RadiansPerSecond
  readonly acceleration?: RadiansPerSecondSquared | undefined
}

/** What the stop frame tells each servo of the bus. Every servo of the bus must be named. */
export interface StopPlan {
  /** Power off at once. */
  readonly cut: readonly number[]
  /**
   * Stay powered and come to rest here, at low speed; one in velocity mode is told speed 0, whatever its position says.
   * Servos that have no power must be in `cut`.
   */
  readonly freeze: readonly { readonly id: number; readonly position: Radians }[]
}

/** How one servo answers: a question for each time that the wire was used to ask it, retries included. */
export interface ReplyCounts {
  readonly asked: number
  /** In time. */
  readonly answered: number
  /** Replies that came when they had been given up. */
  readonly late: number
  /** Replies that never came, or came damaged. */
  readonly lost: number
  /** Questions in a row, up to now, that it did not answer in time. */
  readonly streak: number
  /** When its last reply came, on the robot's clock; undefined before the first. */
  readonly lastAnswer: Seconds | undefined
}

/** Counts since the bus was made. */
export interface BusHealth {
  readonly exchanges: number
  readonly retries: number
  readonly timeouts: number
  /** Bytes or frames that failed the framing's check. */
  readonly corrupt: number
  /** Good frames that answered nothing that was asked. */
  readonly unexpected: number
  readonly stops: number
  readonly bytesOut: number
  readonly bytesIn: number
  /** By servo id. Absent: the driver cannot tell its servos apart, or none of them was asked yet. */
  readonly servos?: Readonly<Record<number, ReplyCounts>> | undefined
}

export interface ServoBus {
  readonly isOpen: boolean
  open(): Promise<void>
  /** Ends every exchange and timer and frees the port. Sends nothing: power is the safety layer's matter. */
  close(): Promise<void>
  /** One joined read of position, velocity and load of `ids` (default all). A servo that does not answer within its
   *  retries is missing from the map, and counted; this does not reject unless the link is gone. */
  readMotion(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>>
  /** The same with voltage, temperature, current, moving, powered and alarms. */
  readStatus(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>>
  /**
   * One joined write. It takes its turn on the line; when an older one still waits for its turn, the newer values
   * replace it. Resolves when it was written. A stop that comes first discards it.
   */
  writeSetpoints(setpoints: readonly ServoSetpoint[]): Promise<void>
  /** The same for servos in velocity mode. Absent: the family has none. */
  writeSpeeds?(speeds: readonly ServoSpeed[]): Promise<void>
  /**
   * Hands the stop frame to the port before it returns, whatever else is under way: the open exchange is void, waiting
   * setpoints are dropped, and the frame is sent again after one frame gap in case the first copy collided. Needs no
   * reply. Where every servo is cut, the frame is the broadcast torque-off. Throws only when the link is not open.
   */
  stop(plan: StopPlan): void
  /**
   * The bytes that `stop(plan)` hands to the port, without handing them over: what a guard writes to `descriptor` when
   * this process cannot any more. A port that takes them in an envelope (I2C) has a descriptor that takes them bare.
   * Needs no link.
   */
  stopFrame(plan: StopPlan): Uint8Array
  /**
   * The bytes that take the power of these servos and say nothing to the others, so that they cannot power one that a
   * person has switched off meanwhile. Absent: the family has no such frame, and the stop frame serves.
   */
  offFrame?(ids: readonly number[]): Uint8Array
  /** The descriptor of the open link, where it has one. */
  readonly descriptor?: number | undefined
  /** Sets torque of these servos with acknowledged writes, each tried even when another fails; torque on also writes
   *  goal = the given present position first. Resolves to the ids whose register, read back, is as asked. */
  setTorque(ids: readonly number[], on: boolean): Promise<ReadonlySet<number>>
  /** Reads back whether a servo has power; undefined = it did not answer. */
  readTorque(id: number): Promise<boolean | undefined>
  /** Asks one servo everything that arming must know. Rejects with a `TendonError` when it does not answer. */
  inspect(id: number): Promise<ServoInspection>
  /** Brings volatile settings (lock, acceleration, torque limit, gains from options) to what the mount wants and reads
   *  back what the firmware made of them. Rejects with a `TendonError` naming the register that did not take. */
  configure(id: number): Promise<void>
  health(): BusHealth
  /** Called once per link, when the port is gone. */
  onLost(listener: (problem: Problem) => void): Unsubscribe
}
