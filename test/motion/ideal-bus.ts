import type { Clock } from '../../src/base/clock.ts'
import { sleep } from '../../src/base/clock.ts'
import { type Problem, TendonError } from '../../src/base/problem.ts'
import { problem } from '../../src/base/problems/index.ts'
import type { Seconds } from '../../src/base/units.ts'
import type {
  BusHealth,
  ServoBus,
  ServoBusSpec,
  ServoInspection,
  ServoMount,
  ServoSample,
  ServoSetpoint,
  ServoSpeed,
  StopPlan,
} from '../../src/device/servo-bus.ts'
import type { ByteTransport, DeviceEnv } from '../../src/device/transport.ts'

/** A servo that does exactly what it is told, at the speed it is told, unless a test says otherwise. */
export class IdealServo {
  position = 0
  goal = 0
  speed = Number.POSITIVE_INFINITY
  powered = false
  /** Does not answer; it still hears. */
  muted = false
  /** Neither answers nor hears. */
  dead = false
  /** Does not turn. */
  stuck = false
  /** Does not take torque off. */
  clinging = false
  /** Jumps by this much when it gets torque. */
  kick = 0
  alarms: string[] = []
  inspection: Partial<ServoInspection> = {}
  /** In velocity mode: turns at `told`, and its encoder begins again after a turn. */
  turning = false
  told = 0
  #at: Seconds = 0

  /** Lets it turn until `now`. */
  settleAt(now: Seconds): void {
    if (this.turning) {
      const at = this.position + this.velocity * (now - this.#at)
      this.position = at - 2 * Math.PI * Math.round(at / (2 * Math.PI))
      this.#at = now
      return
    }
    const way = this.goal - this.position
    const reach = this.speed * (now - this.#at)
    if (this.powered && !this.stuck && way !== 0)
      this.position = Math.abs(way) <= reach ? this.goal : this.position + Math.sign(way) * reach
    this.#at = now
  }

  get velocity(): number {
    if (this.turning) return this.powered && !this.stuck ? this.told : 0
    return this.powered && !this.stuck && this.goal !== this.position
      ? Math.sign(this.goal - this.position) * Math.min(this.speed, 1e3)
      : 0
  }
}

/** One call that reached the bus, with the time at which it took effect. */
export interface BusCall {
  readonly call: 'stop' | 'setpoints' | 'speeds' | 'torque-on' | 'torque-off' | 'read' | 'configure'
  readonly at: Seconds
  readonly plan?: StopPlan
  readonly setpoints?: readonly ServoSetpoint[]
  readonly speeds?: readonly ServoSpeed[]
  readonly ids?: readonly number[]
}

/** An ideal servo bus behind the real contract: half duplex with a turn for each exchange, and stop before all. */
export class IdealBus implements ServoBus {
  readonly calls: BusCall[] = []
  readonly servos: ReadonlyMap<number, IdealServo>
  isOpen = false
  /** How long one exchange occupies the line, and how long a silent servo does. */
  exchange: Seconds = 0.001
  timeout: Seconds = 0.004
  /** The next `n` reads of a servo get no answer. */
  readonly losing = new Map<number, number>()
  /** What `stop` throws. */
  stopError: Error | undefined
  openError: Error | undefined
  /** Setpoint frames are handed to this first; what it returns false for does not reach the servos. */
  onStop: (() => void) | undefined
  #clock: Clock
  #line: Promise<void> = Promise.resolve()
  #epoch = 0
  #stops = 0
  #lost = new Set<(problem: Problem) => void>()

  constructor(clock: Clock, mounts: readonly ServoMount[]) {
    this.#clock = clock
    this.servos = new Map(mounts.map(({ servo }) => [servo.id, new IdealServo()]))
    for (const { servo } of mounts) this.servo(servo.id).turning = servo.mode === 'velocity'
  }

  servo(id: number): IdealServo {
    const servo = this.servos.get(id)
    if (!servo) throw new Error(`no servo ${id}`)
    servo.settleAt(this.#clock.now())
    return servo
  }

  /** The cable is pulled. */
  pull(): void {
    this.isOpen = false
    this.#epoch++
    for (const listener of this.#lost) listener(problem('TENDON_LINK_LOST', { port: 'ideal', reason: 'pulled' }))
  }

  async open(): Promise<void> {
    if (this.openError) throw this.openError
    this.isOpen = true
  }

  async close(): Promise<void> {
    this.isOpen = false
    this.#epoch++
    this.#lost.clear()
  }

  /** A turn on the line. A stop in between makes it void. */
  #turn<T>(length: Seconds, act: () => T): Promise<T> {
    const epoch = this.#epoch
    const turn = this.#line.then(async () => {
      if (epoch !== this.#epoch) throw new Error('a stop came first')
      if (!this.isOpen) throw new Error('the bus is closed')
      await sleep(this.#clock, length)
      if (epoch !== this.#epoch) throw new Error('a stop came first')
      return act()
    })
    this.#line = turn.then(
      () => {},
      () => {},
    )
    return turn
  }

  #hears(id: number): boolean {
    return !this.servo(id).dead
  }

  #answers(id: number): boolean {
    const losing = this.losing.get(id) ?? 0
    if (losing > 0) this.losing.set(id, losing - 1)
    const servo = this.servo(id)
    return losing === 0 && !servo.muted && !servo.dead
  }

  #sample(id: number): ServoSample {
    const { position, velocity, alarms } = this.servo(id)
    return { id, at: this.#clock.now(), position, velocity, load: 0, alarms: [...alarms] }
  }

  readMotion(ids: readonly number[] = [...this.servos.keys()]): Promise<ReadonlyMap<number, ServoSample>> {
    const silent = ids.filter((id) => this.servo(id).muted || this.servo(id).dead).length
    return this.#turn(this.exchange + silent * this.timeout, () => {
      this.calls.push({ call: 'read', at: this.#clock.now() })
      return new Map(ids.filter((id) => this.#answers(id)).map((id) => [id, this.#sample(id)]))
    })
  }

  async readStatus(ids?: readonly number[]): Promise<ReadonlyMap<number, ServoSample>> {
    const samples = await this.readMotion(ids)
    return new Map([...samples].map(([id, sample]) => [id, { ...sample, powered: this.servo(id).powered }]))
  }

  writeSetpoints(setpoints: readonly ServoSetpoint[]): Promise<void> {
    return this.#turn(0, () => {
      this.calls.push({ call: 'setpoints', at: this.#clock.now(), setpoints })
      for (const { id, position, velocity } of setpoints) {
        if (!this.#hears(id)) continue
        const servo = this.servo(id)
        servo.goal = position
        servo.speed = velocity ?? Number.POSITIVE_INFINITY
      }
    })
  }

  writeSpeeds(speeds: readonly ServoSpeed[]): Promise<void> {
    return this.#turn(0, () => {
      this.calls.push({ call: 'speeds', at: this.#clock.now(), speeds })
      for (const { id, speed } of speeds) if (this.#hears(id)) this.servo(id).told = speed
    })
  }

  stopFrame(plan: StopPlan): Uint8Array {
    return Uint8Array.from([plan.cut.length, plan.freeze.length])
  }

  stop(plan: StopPlan): void {
    if (this.stopError) throw this.stopError
    if (!this.isOpen) throw new TendonError(problem('TENDON_LINK_CLOSED', { port: 'ideal' }))
    this.onStop?.()
    this.#epoch++
    this.#stops++
    this.calls.push({ call: 'stop', at: this.#clock.now(), plan })
    for (const id of plan.cut) {
      const servo = this.servo(id)
      if (!servo.dead && !servo.clinging) servo.powered = false
    }
    for (const { id, position } of plan.freeze) {
      const servo = this.servo(id)
      if (servo.dead) continue
      servo.powered = true
      servo.goal = position
      servo.speed = 0.5
      servo.told = 0
    }
  }

  async setTorque(ids: readonly number[], on: boolean): Promise<ReadonlySet<number>> {
    const done = new Set<number>()
    for (const id of ids) {
      await this.#turn(this.exchange, () => {
        this.calls.push({ call: on ? 'torque-on' : 'torque-off', at: this.#clock.now(), ids: [id] })
        const servo = this.servo(id)
        if (servo.dead) return
        if (on && !servo.powered) {
          servo.position += servo.kick
          servo.goal = servo.position
          servo.told = 0
        }
        if (on || !servo.clinging) servo.powered = on
        if (this.#answers(id) && servo.powered === on) done.add(id)
      })
    }
    return done
  }

  readTorque(id: number): Promise<boolean | undefined> {
    return this.#turn(this.exchange, () => (this.#answers(id) ? this.servo(id).powered : undefined))
  }

  inspect(id: number): Promise<ServoInspection> {
    return this.#turn(this.exchange, () => {
      if (!this.#answers(id)) throw new Error(`servo ${id} does not answer`)
      const servo = this.servo(id)
      return {
        id,
        model: 'IDEAL',
        firmware: '1',
        powered: servo.powered,
        voltage: 7.4,
        voltageRange: [4, 8],
        temperature: 30,
        temperatureLimit: 70,
        alarms: [...servo.alarms],
        position: servo.position,
        mismatches: [],
        ...servo.inspection,
      } satisfies ServoInspection
    })
  }

  configure(id: number): Promise<void> {
    return this.#turn(this.exchange, () => {
      this.calls.push({ call: 'configure', at: this.#clock.now(), ids: [id] })
    })
  }

  health(): BusHealth {
    const none = { exchanges: 0, retries: 0, timeouts: 0, corrupt: 0, unexpected: 0, bytesOut: 0, bytesIn: 0 }
    return { ...none, stops: this.#stops }
  }

  onLost(listener: (problem: Problem) => void): () => void {
    this.#lost.add(listener)
    return () => this.#lost.delete(listener)
  }
}

/** The spec of an ideal bus; `made` is the bus once `create` was called. */
export interface IdealBusSpec extends ServoBusSpec {
  readonly made: () => IdealBus
}

const NO_PORT: ByteTransport = {
  kind: 'memory',
  address: 'ideal',
  open: () => Promise.reject(new Error('an ideal bus has no port')),
}

export function idealBus(): IdealBusSpec {
  let bus: IdealBus | undefined
  const spec: IdealBusSpec = {
    family: 'ideal',
    port: NO_PORT,
    withPort: () => spec,
    create(env: DeviceEnv, mounts: readonly ServoMount[]) {
      bus = new IdealBus(env.clock, mounts)
      return bus
    },
    made() {
      if (!bus) throw new Error('not created yet')
      return bus
    },
  }
  return spec
}
