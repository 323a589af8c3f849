import { isDeepStrictEqual } from 'node:util'
import type { Handle } from '../../src/define/handle.ts'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { CancelTarget, Outcome, StopVerdict } from '../../src/index.ts'
import { start } from '../../src/index.ts'
import type { RobotCore } from '../../src/runtime/robot.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { type Backstage, Bodies } from './bodies.ts'
import { LogReader } from './log-reader.ts'
import type { Part } from './robot.ts'
import { categoryNames, type Scheduled, type Step, type Trouble } from './schedule.ts'
import { ServoWatch } from './servo-watch.ts'

interface Followed {
  readonly handle: Handle
  readonly command: string
  /** What each of several awaiters was told. */
  readonly told: (Outcome | 'aborted')[]
}

const NOTHING_SPECIAL: Part = { end: 'value', how: 'sleep', after: 0.1, target: 0, children: [] }

/** One robot under a schedule, beside the reference: performs steps, and compares after each. */
export class World implements Backstage {
  readonly clock = new VirtualClock()
  readonly reference = new LogReader()
  readonly #bodies = new Bodies(this)
  readonly #servos: ServoWatch
  readonly #followed: Followed[] = []
  readonly #aborting = new Set<AbortController>()
  #robot: RobotCore<ModelTypes> | undefined
  #seen = 0
  #lateCalls = 0
  #arming = 0
  #finishing = false
  #violation: string | undefined

  constructor() {
    this.#servos = new ServoWatch(this.#bodies, this.clock, {
      safety: () => this.#robot?.safety.state,
      holders: (joint) =>
        this.#robot?.runs().filter(({ claims, status }) => claims.includes(joint) && isActive(status)),
      seq: () => this.#robot?.log.seq ?? 0,
      violated: (what) => this.violated(what),
    })
  }

  static async open(): Promise<World> {
    const world = new World()
    const robot = await world.clock.run(start(world.#servos.definition, { clock: world.clock }))
    world.#robot = robot as unknown as RobotCore<ModelTypes>
    world.robot.events.on('late', () => world.violated('P12: a run that was cut off published'))
    return world
  }

  get robot(): RobotCore<ModelTypes> {
    if (!this.#robot) throw new Error('the robot has not started')
    return this.#robot
  }

  violated(what: string): void {
    this.#violation ??= what
  }

  armed(): boolean {
    return this.robot.safety.state === 'armed'
  }

  /** Feeds the robot's new log lines to the reference. Cheap, and right at any instant. */
  catchUp(): void {
    if (!this.#robot || this.#violation !== undefined) return
    try {
      for (const event of this.#robot.log.entries({ after: this.#seen })) {
        this.#seen = event.seq
        if (event.type === 'late_call') this.#lateCalls++
        if (event.type === 'safety' && event.to === 'arming') this.#servos.forgetVerdict()
        this.reference.observe(event)
      }
      this.#seePromotions(this.#robot)
    } catch (error) {
      this.violated(error instanceof Error ? error.message : String(error))
    }
  }

  /** A run that waited shows that it got its seats in `runs()`, a microtask before the log says that it started. */
  #seePromotions(robot: RobotCore<ModelTypes>): void {
    const waiting = this.reference.live.filter(({ phase }) => phase === 'queued' || phase === 'pending')
    if (waiting.length === 0) return
    const starting = new Set(robot.runs().flatMap(({ id, status }) => (status === 'starting' ? [id] : [])))
    for (const run of waiting) if (starting.has(run.id)) this.reference.promoted(run, this.clock.now())
  }

  // Steps

  /** Does one step. What it returns must be awaited; nothing is returned when the next step is to follow at once. */
  perform(step: Scheduled): Promise<void> | undefined {
    const work = this.#do(step)
    if (!work) this.#compareNow()
    if (!work && !step.settle) return undefined
    return Promise.resolve(work).then(() => this.settle())
  }

  #do(step: Step): Promise<void> | undefined {
    if (step.do === 'execute') this.#execute(step.command, step.part, step.chase)
    else if (step.do === 'cancel') this.#cancel(step.by, step.pick)
    else if (step.do === 'wait') return this.#wait(step.seconds)
    else if (step.do === 'disarm') this.#act(() => this.robot.disarm({ cut: step.cut }))
    else if (step.do === 'stop') this.#stop()
    else if (step.do === 'arm') this.#arm()
    else if (step.do === 'reset') this.#reset()
    else if (step.do === 'acknowledge') this.#acknowledge()
    else if (step.do === 'heal') this.#servos.heal()
    else if (step.do === 'ready') return this.#makeReady()
    else if (step.do === 'trouble') this.#trouble(step.trouble, step.joint)
    else this.#refusals()
    return undefined
  }

  #execute(command: string, part: Part, chase: boolean): void {
    this.submit(command, undefined, () => this.robot.execute(command, part), chase)
  }

  /** Judged by the reference first; then the robot must decide the same, and a refusal must change nothing (P4). */
  submit(command: string, parent: string | undefined, call: () => Handle, chase = false): Handle {
    this.catchUp()
    const verdict = this.reference.judge(command, parent === undefined ? undefined : this.reference.find(parent))
    const before = this.#picture()
    const seq = this.robot.log.seq
    const handle = call()
    if (verdict.verdict === 'refuse') this.#mustBeRefused(handle, verdict.code, before, seq)
    else {
      const wanted = { start: 'starting', queue: 'queued', displace: 'pending' }[verdict.verdict]
      if (handle.status !== wanted)
        this.violated(`${handle.id} is ${handle.status}, and the reference says ${verdict.verdict}: ${told(handle)}`)
      else {
        const above = parent === undefined ? undefined : this.reference.find(parent)
        this.reference.admitted(handle.id, command, above, verdict, this.clock.now())
      }
    }
    this.#compareNow()
    this.#follow(handle, command, chase)
    return handle
  }

  #mustBeRefused(handle: Handle, code: string, before: unknown, seq: number): void {
    const { outcome } = handle
    if (outcome?.status !== 'refused' || outcome.error.code !== code)
      return this.violated(`${handle.id} must be refused with ${code}, and is ${handle.status}: ${told(handle)}`)
    const lines = this.robot.log.entries({ after: seq })
    if (lines.length !== 1 || lines[0]?.type !== 'refused' || lines[0].run !== handle.id)
      this.violated(`P4: the refusal of ${handle.id} left more than its one line: ${JSON.stringify(lines)}`)
    if (!isDeepStrictEqual(before, this.#picture())) this.violated(`P4: the refusal of ${handle.id} changed something`)
  }

  /** Whatever is wrong with a command before the gates. */
  #refusals(): void {
    this.catchUp()
    const before = this.#picture()
    const seq = this.robot.log.seq
    const handle = this.robot.execute('nothingLikeIt', undefined)
    this.#mustBeRefused(handle, 'TENDON_UNKNOWN_COMMAND', before, seq)
    this.#follow(handle, 'nothingLikeIt', false)
  }

  #cancel(by: 'id' | 'name' | 'category' | 'all', pick: number): void {
    this.catchUp()
    const { handle, command } = this.#followed[pick % Math.max(1, this.#followed.length)] ?? {}
    const category = categoryNames[pick % categoryNames.length] as string
    if (!handle || command === undefined) return
    const targets: Record<typeof by, CancelTarget> = {
      id: { id: handle.id },
      name: { name: command },
      category: { category },
      all: { all: true },
    }
    for (const run of this.reference.live) {
      const hit = {
        id: run.id === handle.id,
        name: nameOf(run.id) === command,
        category: run.rule.category === category,
      }
      if (by === 'all' || hit[by]) this.reference.wish(run, 'requested')
    }
    // Both ways mean the same; a handle can also be canceled when its run has ended.
    const canceled = by === 'id' && pick % 2 === 0 ? handle.cancel() : this.robot.cancel(targets[by])
    void canceled.then((outcome) => {
      const outcomes = Array.isArray(outcome) ? outcome : [outcome]
      if (outcomes.some((one) => one === undefined)) this.violated('P11: cancel resolved before the run had ended')
    })
  }

  async #wait(seconds: number): Promise<void> {
    await this.clock.advance(seconds)
  }

  // Safety acts

  #stop(): void {
    this.#act(() => this.robot.stop({ by: 'model' }))
    if (!this.robot.safety.latch) this.violated('P16: no latch after a stop')
  }

  /** P15: bytes before anything else, the state at once, every run told, and a verdict that the registers confirm. */
  #act(begin: () => Promise<StopVerdict>): void {
    this.catchUp()
    this.reference.safetyAct(this.clock.now())
    const promise = this.#servos.stopBytes(begin)
    const { state } = this.robot.safety
    if (state !== 'disarming' && state !== 'fault') this.violated(`P15: ${state} right after a safety act`)
    if (this.robot.state !== 'disarmed') this.violated(`P15: ${this.robot.state} right after a safety act`)
    void promise.then((verdict) => this.#servos.judged(verdict))
  }

  #acknowledge(): void {
    this.catchUp()
    const inFault = this.reference.safety === 'fault'
    this.#act(() => this.robot.acknowledge({ by: 'model' }))
    if (inFault) this.reference.acknowledged = true
  }

  #reset(): void {
    this.#servos.mustStaySilent(() => this.robot.reset({ by: 'model' }), 'P16: reset wrote bytes')
    if (this.robot.safety.latch) this.violated('P16: the latch outlived reset')
  }

  #arm(): void {
    this.catchUp()
    const { safety } = this.reference
    const joins = this.#arming > 0 || safety === 'armed'
    const against = joins ? undefined : this.reference.againstArming()
    const seq = this.robot.log.seq
    if (!joins) this.#servos.beforeArming()
    this.#arming++
    const promise = this.robot.arm()
    void promise.then((verdict) => {
      this.#arming--
      this.catchUp()
      if (!joins && verdict.armed && this.armed()) this.#servos.afterArming()
    })
    const [line] = this.robot.log.entries({ after: seq })
    if (against !== undefined && (line?.type !== 'arm_refused' || line.problems[0]?.code !== against))
      this.violated(`P16: arm must be refused with ${against}, and the log says ${JSON.stringify(line)}`)
    if (against === undefined && !joins && this.robot.safety.state !== 'arming')
      this.violated(`arm did not begin: ${JSON.stringify(line)}`)
  }

  /** Does whatever an operator would do to get an armed robot. */
  async #makeReady(): Promise<void> {
    this.#servos.heal()
    if (this.armed()) return
    await this.clock.advance(0.35)
    await this.settle()
    if (this.reference.safety === 'fault') {
      this.#acknowledge()
      await this.clock.advance(0.5)
    }
    this.#reset()
    this.#arm()
    await this.clock.advance(0.4)
  }

  #trouble(trouble: Trouble, joint: string): void {
    this.#servos.trouble(trouble, joint)
  }

  // Awaiters

  #follow(handle: Handle, command: string, chase: boolean): void {
    const followed: Followed = { handle, command, told: [] }
    this.#followed.push(followed)
    const { told } = followed
    void handle.result().then((outcome) => {
      told.push(outcome)
      this.#resumed(followed, outcome, chase)
    })
    void handle.value().then(
      () => handle.outcome?.status !== 'succeeded' && this.violated('P1: a value of a run that did not succeed'),
      () => handle.outcome?.status === 'succeeded' && this.violated('P1: no value of a run that succeeded'),
    )
    const giveUp = new AbortController()
    this.#aborting.add(giveUp)
    void handle.result({ signal: giveUp.signal }).then(
      (outcome) => told.push(outcome),
      () => told.push('aborted'),
    )
    // Half of them lose patience at once, which must not settle the run.
    if (this.#followed.length % 2 === 0) giveUp.abort()
  }

  /** P2, in the first statement of a caller that resumes. */
  #resumed({ handle, command }: Followed, outcome: Outcome, chase: boolean): void {
    this.catchUp()
    const { reference, robot } = this
    const end = reference.ends.get(handle.id)
    if (robot.runs().some(({ id }) => id === handle.id)) this.violated(`P2: ${handle.id} is answered and still live`)
    if (outcome.status !== 'refused' && end?.status !== outcome.status)
      this.violated(`P2: ${handle.id} was told ${outcome.status}, and the log says ${end?.status}`)
    if (outcome.status === 'canceled' && outcome.cutOff !== (end?.cutOff ?? false))
      this.violated(`P11: ${handle.id}: its outcome says cutOff ${outcome.cutOff}, and the log ${end?.cutOff}`)
    this.#compareNow()
    if (chase && outcome.status !== 'refused' && !this.#finishing) this.#execute(command, NOTHING_SPECIAL, false)
  }

  // Comparing

  /** What a refused command must leave as it was. */
  #picture(): unknown {
    const { robot } = this
    const categories = categoryNames.map((name) => [robot.category(name).taken, robot.category(name).queued])
    return { runs: robot.runs(), categories, state: robot.state, safety: robot.safety }
  }

  /** What must be true at any instant, also between two steps of one turn. */
  #compareNow(): void {
    this.catchUp()
    const { robot, reference } = this
    if (robot.state !== reference.state) this.violated(`P2: state ${robot.state}, and the log says ${reference.state}`)
    if (robot.safety.state !== reference.safety)
      this.violated(`safety is ${robot.safety.state}, not ${reference.safety}`)
    if ((robot.safety.latch !== undefined) !== reference.latched) this.violated('the latch and the log do not agree')
    const [unheeded] = reference.unheeded()
    if (unheeded !== undefined && !reference.closing) this.violated(`it was not told to end: ${unheeded}`)
    for (const name of categoryNames) {
      const { taken } = robot.category(name)
      const wanted = reference.occupants(name).length
      if (taken !== wanted) this.violated(`P7: ${name} has ${taken} seats taken, and the reference counts ${wanted}`)
    }
  }

  /** What must be true when nothing is left to run at this instant. */
  async settle(): Promise<void> {
    await this.clock.settle()
    this.#compareNow()
    const { robot, reference } = this
    const runs = robot.runs().map(({ id, status, parent }) => `${id} ${status} ${parent ?? ''}`)
    const wanted = reference.live.map(({ id, phase, parent }) => `${id} ${phase} ${parent?.id ?? ''}`)
    if (!isDeepStrictEqual(runs.sort(), wanted.sort()))
      this.violated(`runs() and the log differ: ${runs.join(', ')} | ${wanted.join(', ')}`)
    const [overdue] = reference.closing ? [] : reference.overdue(this.clock.now())
    if (overdue !== undefined) this.violated(`overdue: ${overdue}`)
    for (const name of categoryNames)
      if (robot.category(name).queued !== reference.queued(name).length) this.violated(`the queue of ${name} differs`)
    this.#servos.check(reference.safety, reference.acting)
    this.#servos.checkReadings(robot.joints)
    if (this.#lateCalls < this.#bodies.lateCalls) this.violated('P12: a late call was not counted')
    this.throwViolation()
  }

  throwViolation(): void {
    if (this.#violation === undefined) return
    const lines = this.robot.log.entries().slice(-60)
    throw new Error(`${this.#violation}\n${lines.map(oneLine).join('\n')}`)
  }

  // The end

  /** Brings everything to rest, proves that nothing is held any more, and closes. */
  async finishAtRest(): Promise<void> {
    this.#finishing = true
    this.#servos.heal()
    this.#bodies.releaseAll()
    await this.clock.advance(2)
    await this.settle()
    this.catchUp()
    for (const run of this.reference.live) this.reference.wish(run, 'requested')
    await this.clock.run(this.robot.cancel({ all: true }))
    await this.settle()
    if (this.robot.runs().length > 0) this.violated(`still live: ${this.robot.runs().map(({ id }) => id)}`)
    if (this.#servos.plugged) await this.#proveFree()
    await this.close()
  }

  /** A command that claims everything and takes no seat away from anyone runs: no claim and no slot was left. */
  async #proveFree(): Promise<void> {
    // Alarms that a servo has latched go with its power.
    this.#act(() => this.robot.disarm({ cut: true }))
    await this.clock.advance(3)
    this.#servos.powerCycle()
    await this.#makeReady()
    if (!this.armed()) return this.violated(`it could not be armed at rest: ${this.robot.safety.state}`)
    const probe = this.submit('probe', undefined, () => this.robot.execute('probe', NOTHING_SPECIAL))
    await this.clock.advance(1)
    await this.settle()
    if (probe.outcome?.status !== 'succeeded') this.violated(`something is still held: ${told(probe)}`)
  }

  /** Closes, in whatever state it is; afterwards nothing may be left of the robot but its answers. */
  async close(): Promise<void> {
    const { robot, reference } = this
    this.#finishing = true
    this.catchUp()
    reference.closing = true
    const off = reference.safety === 'disarmed' && !reference.acting
    const wasActing = reference.acting
    reference.safetyAct(this.clock.now(), 'shutdown')
    reference.acting = !off || wasActing
    const verdict = await this.clock.run(robot.close())
    if (!off) this.#servos.judged(verdict)
    const late = robot.execute('look', NOTHING_SPECIAL)
    if (late.outcome?.status !== 'refused') this.violated('a closed robot took a command')
    this.#bodies.releaseAll()
    await this.clock.advance(0.2)
    for (const giveUp of this.#aborting) giveUp.abort()
    await this.settle()
    await this.#checkAnswers()
    if (robot.runs().length > 0) this.violated(`live after close: ${robot.runs().map(({ id }) => id)}`)
    if (this.clock.pending !== 0) this.violated(`${this.clock.pending} timers are left after close`)
    this.throwViolation()
  }

  /** P1: one outcome, the same object for everyone, early and late; P5: one end for each start. */
  async #checkAnswers(): Promise<void> {
    for (const { handle, told } of this.#followed) {
      const { outcome } = handle
      told.push(await handle.result())
      if (outcome === undefined || !told.every((one) => one === outcome || one === 'aborted'))
        this.violated(`P1: ${handle.id} has answered ${JSON.stringify(told)}`)
    }
    const counts = new Map<string, number>()
    for (const { type, ...event } of this.robot.log.entries())
      if ((type === 'started' || type === 'ended') && 'run' in event)
        counts.set(`${type} ${event.run}`, (counts.get(`${type} ${event.run}`) ?? 0) + 1)
    for (const [what, count] of counts) if (count !== 1) this.violated(`P5: ${what} ${count} times`)
  }
}

const isActive = (status: string): boolean => status === 'running' || status === 'stopping' || status === 'starting'
const nameOf = (id: string): string => id.slice(0, id.lastIndexOf('-'))
const told = (handle: Handle): string => JSON.stringify(handle.outcome) ?? 'no outcome'
const oneLine = ({ at, ...event }: { at: number }): string => `${at.toFixed(3)} ${JSON.stringify(event).slice(0, 200)}`
