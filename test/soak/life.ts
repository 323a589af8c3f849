import { joints as jointNames } from '../../robots/so101/poses.ts'
import so101 from '../../robots/so101/robot.ts'
import { sleep } from '../../src/base/clock.ts'
import type { Handle } from '../../src/define/handle.ts'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { RobotDefinition } from '../../src/define/robot-definition.ts'
import { type Outcome, type StopVerdict, start, TendonError } from '../../src/index.ts'
import type { RobotCore } from '../../src/runtime/robot.ts'
import { Random, type Simulation, simulated, simulationOf } from '../../src/sim/index.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { UnsteadyCompass } from './compass.ts'
import { LogWatch } from './log-watch.ts'
import { Troubles } from './troubles.ts'
import { WireWatch } from './wire-watch.ts'

type Arm = RobotCore<ModelTypes>

interface Followed {
  readonly handle: Handle
  readonly since: number
  readonly claims: readonly string[]
  readonly told: Outcome[]
}

const ONE_DEGREE = Math.PI / 180
/** The longest deadline of the arm's commands is 30 s; its grace, its halt and a read back of silent servos come on top. */
const LONGEST_RUN = 60
const LONGEST_ACT = 30
/** A joint that a run left confirmed at rest turns no faster than the encoder can tell. */
const AT_REST = 0.05
const HOME_AGAIN = 20
/** What is asked for, the commoner things more often. */
const COMMANDS = [
  ...['moveTo', 'moveTo', 'moveTo', 'home', 'wave', 'grip', 'scan', 'scan', 'halt', 'rest'],
  ...['record', 'play', 'ready', 'recordings', 'forget'],
]
/** Lines that the robot's log keeps: few, so that it is full long before memory is measured. */
const LOG = 512

/** One simulated SO-101, whoever operates it, and everything that goes wrong: two hours of it are a soak. */
export class Life {
  readonly clock = new VirtualClock()
  readonly compass: UnsteadyCompass
  readonly troubles: Troubles
  /** Events by kind, acts, restarts: what was reached. */
  readonly tally = new Map<string, number>()
  readonly #random: Random
  readonly #simulation: Simulation
  readonly #definition: RobotDefinition
  readonly #wire: WireWatch
  readonly #followed = new Set<Followed>()
  readonly #acts = new Map<Promise<unknown>, number>()
  #robot: Arm | undefined
  #log: LogWatch | undefined
  #violation: string | undefined
  #repairing = false
  /** There is no robot at the moment: nobody can do anything. */
  #restarting = false

  private constructor(seed: number) {
    this.#random = new Random(seed)
    this.compass = new UnsteadyCompass(new Random(seed + 1))
    const made = simulated(so101, { seed: seed + 2, sensors: { heading: this.compass } }) as unknown as RobotDefinition
    this.#simulation = simulationOf(made)
    this.troubles = new Troubles(this.#simulation, this.clock, new Random(seed + 3))
    this.#wire = new WireWatch(jointNames, {
      safety: () => this.#robot?.safety.state,
      // A recording lets the arm go limp, and gives it its power back.
      mayPower: () => this.#robot?.runs().some(({ command }) => command === 'record') ?? false,
      holders: (joint) => this.#robot?.runs().filter(({ claims }) => claims.includes(joint)).length ?? 0,
      violated: (what) => this.violated(what),
    })
    this.#definition = this.#wire.on(made, 'servos')
  }

  static async begin(seed: number): Promise<Life> {
    const life = new Life(seed)
    await life.clock.run(life.#start())
    return life
  }

  get robot(): Arm {
    if (!this.#robot) throw new Error('the robot is not there')
    return this.#robot
  }

  violated(what: string): void {
    this.#violation ??= `at ${this.clock.now().toFixed(3)} s: ${what}`
  }

  /** Frames that the host has sent. */
  get frames(): number {
    return this.#wire.frames
  }

  // Time

  /** Lives on until then, and throws the first thing that was not as promised. */
  async until(time: number): Promise<void> {
    while (this.clock.now() < time) {
      this.#act()
      await this.clock.advance(this.#random.next() * 1.5)
      this.#check()
    }
  }

  /** Puts everything in order, proves that the robot is as good as new, and leaves nothing running. */
  async rest(): Promise<void> {
    await this.#idle()
    await this.clock.run(this.robot.cancel({ all: true }))
    await this.clock.run(this.robot.disarm())
    await this.clock.run(this.#repair())
    const probe = this.#submit('home', undefined)
    await this.clock.advance(HOME_AGAIN)
    if (probe.outcome?.status !== 'succeeded') this.violated(`at rest, home ended ${JSON.stringify(probe.outcome)}`)
    this.#check()
    const runs = this.robot.runs().map(({ id }) => id)
    if (runs.length > 0 || this.#followed.size > 0 || this.#acts.size > 0)
      this.violated(
        `at rest there are still ${runs.length} runs, ${this.#followed.size} handles, ${this.#acts.size} acts`,
      )
    this.#throw()
  }

  /** Closes the robot; then nothing of it may be left but its answers. */
  async end(): Promise<void> {
    await this.#idle()
    await this.clock.run(this.#close())
    this.#throw()
  }

  /** Until nobody repairs anything any more. */
  async #idle(): Promise<void> {
    this.troubles.heal()
    for (let i = 0; this.#repairing && i < LONGEST_RUN; i++) await this.clock.advance(1)
    this.#check()
  }

  #check(): void {
    this.#log?.catchUp()
    const now = this.clock.now()
    for (const { handle, since } of this.#followed)
      if (now - since > LONGEST_RUN) this.violated(`P13: ${handle.id} is still ${handle.status}`)
    for (const since of this.#acts.values()) if (now - since > LONGEST_ACT) this.violated('P15: an act has no verdict')
    this.#throw()
  }

  #throw(): void {
    if (this.#violation === undefined) return
    const lines = this.#robot?.log.entries().slice(-40) ?? []
    const text = lines.map(({ at, ...event }) => `${at.toFixed(3)} ${JSON.stringify(event).slice(0, 220)}`)
    throw new Error(`${this.#violation}\ntroubles: ${this.troubles.recent}\n${text.join('\n')}`)
  }

  // Acts

  #act(): void {
    if (this.#restarting) return
    const random = this.#random
    const armed = this.robot.safety.state === 'armed'
    if (random.chance(0.12)) this.troubles.add()
    if (!armed && random.chance(0.5)) return this.#await('repair', this.#repair())
    if (armed && this.robot.state !== 'idle' && random.chance(0.4)) return void this.#submit('ready', undefined)
    const dice = random.next()
    if (dice < 0.7) this.#command()
    else if (dice < 0.82) this.#cancel()
    else if (dice < 0.86) this.#arm()
    else if (dice < 0.89) this.#stop()
    else if (dice < 0.92) this.#disarm()
    else if (dice < 0.94) this.#retire()
    else if (dice < 0.97) this.#reset()
    else this.#acknowledge()
  }

  #count(what: string): void {
    this.tally.set(what, (this.tally.get(what) ?? 0) + 1)
  }

  #command(): void {
    const random = this.#random
    const pick = <T>(...things: readonly T[]): T => things[random.below(things.length)] as T
    const name = pick(...COMMANDS)
    const handle = this.#submit(name, this.#goal(name))
    if (name === 'record' && random.chance(0.5)) void this.#guide(handle)
  }

  /** A hand moves the limp arm a little, and says when it is done. */
  async #guide(handle: Handle): Promise<void> {
    for (let i = 0; i < 10; i++) {
      await sleep(this.clock, 0.1)
      if (handle.outcome) return
      for (const servo of this.#simulation.servos)
        if (servo.read('torqueEnable') === 0) servo.turnTo(servo.angle + 0.02 * (this.#random.next() - 0.5))
    }
    handle.send('done')
  }

  #goal(name: string): unknown {
    const random = this.#random
    if (name === 'wave') return { times: 1 + random.below(2) }
    if (name === 'grip') return { opening: random.next() }
    if (name === 'record') return { name: this.#tape(), seconds: 0.2 + random.next() * 3 }
    if (name === 'play') return { name: this.#tape(), speed: 0.5 + random.next(), loops: 1 }
    if (name === 'forget') return { name: this.#tape() }
    if (name === 'scan') return { seconds: 0.1 + random.next() * 3 }
    if (name !== 'moveTo') return undefined
    const chosen = jointNames.filter(() => random.chance(0.4))
    return Object.fromEntries(
      (chosen.length > 0 ? chosen : ['gripper']).map((joint) => [joint, random.next() * 1.6 - 0.15]),
    )
  }

  /** There are two, so that what is kept stays bounded. */
  #tape(): string {
    return this.#random.chance(0.5) ? 'this' : 'that'
  }

  #submit(name: string, goal: unknown): Handle {
    const handle = this.robot.execute(name, goal)
    const claims = this.robot.runs().find(({ id }) => id === handle.id)?.claims ?? []
    const followed: Followed = { handle, since: this.clock.now(), claims, told: [] }
    this.#followed.add(followed)
    for (let awaiter = 0; awaiter < 2; awaiter++) void handle.result().then((outcome) => this.#told(followed, outcome))
    return handle
  }

  /** P1, P2, in the first statement of a caller that resumes. */
  #told(followed: Followed, outcome: Outcome): void {
    const { handle, told, claims } = followed
    told.push(outcome)
    this.#log?.catchUp()
    if (outcome !== told[0] || outcome !== handle.outcome) this.violated(`P1: ${handle.id} has two outcomes`)
    if (this.robot.runs().some(({ id }) => id === handle.id))
      this.violated(`P2: ${handle.id} is answered and still live`)
    if (told.length < 2) return
    this.#followed.delete(followed)
    if (outcome.status !== 'canceled' || !outcome.stopConfirmed || this.#moved(claims)) return
    // What a safety act has cut off may still run out.
    if (outcome.reason === 'safety' || outcome.reason === 'shutdown') return
    for (const joint of claims)
      if (Math.abs(this.#simulation.servo(joint).velocity) > AT_REST && !this.troubles.disturbed(joint, followed.since))
        this.violated(`P11: ${handle.id} was confirmed to have stopped, and ${joint} moves`)
  }

  /** Whether somebody else drives one of these by now. */
  #moved(claims: readonly string[]): boolean {
    return this.robot.runs().some((run) => run.claims.some((claim) => claims.includes(claim)))
  }

  #cancel(): void {
    const random = this.#random
    const followed = [...this.#followed]
    const one = followed[random.below(followed.length)]?.handle
    if (one && random.chance(0.6)) {
      this.#await(
        'cancel',
        one.cancel().then(() => {
          if (one.outcome === undefined) this.violated(`P11: ${one.id} was canceled and has no outcome`)
        }),
      )
    } else if (random.chance(0.5)) this.#await('cancel all', this.robot.cancel({ all: true }))
    else this.#await('cancel motion', this.robot.cancel({ category: 'motion' }))
  }

  // Safety acts

  #stop(): void {
    this.#judged('stop', () => this.robot.stop({ by: 'soak', reason: 'random' }))
    if (!this.robot.safety.latch) this.violated('P16: no latch after a stop')
  }

  #disarm(): void {
    this.#judged('disarm', () => this.robot.disarm({ cut: this.#random.chance(0.3) }))
  }

  #acknowledge(): void {
    this.#judged('acknowledge', () => this.robot.acknowledge({ by: 'soak' }))
  }

  #retire(): void {
    const since = this.clock.now()
    this.#await(
      'retire',
      this.robot.retire({ by: 'soak' }).then((verdict) => this.#judge(verdict, since)),
    )
  }

  #reset(): void {
    this.#count('reset')
    this.#wire.mustStaySilent(() => this.robot.reset({ by: 'soak' }), 'P16: reset wrote bytes')
  }

  #judged(name: string, act: () => Promise<StopVerdict>): void {
    const since = this.clock.now()
    // After a cable was pulled there may be no port to write to.
    const verdict = this.troubles.unplugged ? act() : this.#wire.stopBytes(act)
    const { state } = this.robot.safety
    if (state !== 'disarming' && state !== 'fault' && state !== 'disarmed') this.violated(`P15: ${state} after ${name}`)
    this.#await(
      name,
      verdict.then((found) => this.#judge(found, since)),
    )
  }

  /** P18, P19: the verdict against the registers. */
  #judge({ joints, confirmed }: StopVerdict, since: number): void {
    if (joints.length !== jointNames.length) this.violated('P19: a joint is missing in a verdict')
    if (confirmed !== joints.every(({ verdict }) => verdict !== 'not_confirmed'))
      this.violated('P18: confirmed, and one joint is not')
    for (const { joint, verdict } of joints) {
      const torque = this.#simulation.servo(joint).read('torqueEnable')
      if (verdict === 'off' && torque !== 0 && this.robot.safety.state !== 'arming')
        this.violated(`P18: ${joint} is off in the verdict, and has power`)
      if (verdict === 'not_confirmed' && !this.troubles.unplugged && !this.troubles.disturbed(joint, since))
        this.violated(`P18: ${joint} is not confirmed, and nothing is wrong with it`)
    }
  }

  #arm(): void {
    const since = this.clock.now()
    const before = this.#simulation.servos.map(({ angle }) => angle)
    const latched = this.robot.safety.latch !== undefined
    const isArmed = (): boolean => this.robot.safety.state === 'armed'
    const already = isArmed()
    const arming = this.robot.arm().then((verdict) => {
      if (!verdict.armed || already || !isArmed()) return
      if (latched) this.violated('P16: armed although it was latched')
      for (const [index, servo] of this.#simulation.servos.entries()) {
        if (this.troubles.disturbed(servo.joint, since)) continue
        if (servo.read('torqueEnable') !== 1) this.violated(`P17: armed, and ${servo.joint} has no torque`)
        const moved = Math.abs(servo.angle - (before[index] ?? servo.angle))
        if (moved > ONE_DEGREE && !this.#moved([servo.joint])) this.violated(`P17: ${servo.joint} moved on arming`)
      }
    })
    this.#await('arm', arming)
  }

  #await(name: string, act: Promise<unknown>): void {
    this.#count(name)
    this.#acts.set(act, this.clock.now())
    void act.then(
      () => this.#acts.delete(act),
      (thrown: unknown) => this.violated(`${name} rejected: ${thrown instanceof Error ? thrown.message : thrown}`),
    )
  }

  // What a person does

  /** Puts the world in order and gets an armed robot; after a loss of its bus now and then with a new start. One at a time. */
  async #repair(): Promise<void> {
    if (this.#repairing) return
    this.#repairing = true
    try {
      this.troubles.heal()
      await sleep(this.clock, 0.5)
      // The bus comes back by itself; some people start the program anew all the same.
      if (this.troubles.unplugged && this.#random.chance(0.3)) await this.#startAnew()
      if (this.robot.safety.state === 'fault') {
        const since = this.clock.now()
        this.#judge(await this.robot.acknowledge({ by: 'soak' }), since)
      }
      this.#reset()
      const first = await this.robot.arm()
      // The longest wait before a lost bus is tried again, and the time to look at its servos.
      if (!first.armed && this.troubles.unplugged) await sleep(this.clock, 3)
      const { armed } = first.armed ? first : await this.robot.arm()
      if (armed) this.troubles.pluggedIn()
      this.#count(armed ? 'repaired' : 'not repaired')
    } finally {
      this.#repairing = false
    }
  }

  async #startAnew(): Promise<void> {
    this.#count('restart')
    this.#restarting = true
    await this.#close()
    await this.#start()
    this.#restarting = false
  }

  async #start(): Promise<void> {
    this.#robot = undefined
    const robot = await this.#tryToStart()
    if (!robot) {
      await sleep(this.clock, 1)
      return this.#start()
    }
    this.#robot = robot
    this.#log = new LogWatch(robot, this.tally, (what) => this.violated(what))
  }

  /** Its compass may not be there; then nothing may be left of the attempt. */
  async #tryToStart(): Promise<Arm | undefined> {
    try {
      return (await start(this.#definition, { clock: this.clock, limits: { eventLog: LOG } })) as unknown as Arm
    } catch (thrown) {
      if (!(thrown instanceof TendonError)) throw thrown
      this.#count(`no start ${thrown.code}`)
      await turns(this.clock)
      this.#mustBeFree('a start that failed')
      return undefined
    }
  }

  #mustBeFree(after: string): void {
    if (this.compass.openNow > 0) this.violated(`a sensor port is still open after ${after}`)
    if (this.clock.pending > 0) this.violated(`${this.clock.pending} timers are left after ${after}`)
  }

  async #close(): Promise<void> {
    const { robot } = this
    this.troubles.heal()
    await robot.close()
    await turns(this.clock)
    this.#log?.catchUp()
    if (robot.runs().length > 0 || this.#log?.live !== 0) this.violated('P5: a run outlived close')
    if (this.#followed.size > 0) this.violated(`P1: ${this.#followed.size} callers were not answered by close`)
    this.#mustBeFree('close')
    if (robot.execute('halt').outcome?.status !== 'refused') this.violated('a closed robot took a command')
  }
}

/** Lets everything that is due now happen, some rounds of it. */
async function turns(clock: VirtualClock): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((done) => clock.turn(done))
}
