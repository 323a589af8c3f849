import { Next } from '../../src/define/context.ts'
import type { Handle } from '../../src/define/handle.ts'
import { TendonError } from '../../src/index.ts'
import type { VirtualClock } from '../../src/testing/virtual-clock.ts'
import type { LogReader } from './log-reader.ts'
import type { BodyEnd } from './reference.ts'
import { jointsOf, type Part, type Stage, type StageContext } from './robot.ts'
import { type CommandRule, rules } from './rules.ts'

/** What the bodies need of the world around them. */
export interface Backstage {
  readonly clock: VirtualClock
  readonly reference: LogReader
  /** Brings the reference up to the robot's log. */
  catchUp(): void
  armed(): boolean
  /** Submits a child, judged by the reference like any command. */
  submit(command: string, parent: string, call: () => Handle): Handle
  violated(what: string): void
}

/** Plays the parts that a schedule gives to the bodies, and tells the reference how each body ended. */
export class Bodies implements Stage {
  readonly #world: Backstage
  readonly #pauses = new Set<() => void>()
  #lateCalls = 0
  #curtain = false

  constructor(world: Backstage) {
    this.#world = world
  }

  /** How many calls bodies made after they had been cut off. */
  get lateCalls(): number {
    return this.#lateCalls
  }

  /** Lets every body that hangs or sleeps on its own go on. */
  releaseAll(): void {
    this.#curtain = true
    for (const go of [...this.#pauses]) go()
  }

  play(command: string, context: StageContext): unknown {
    const { runId, goal: part } = context
    if (part.how === 'sync') return this.#playAtOnce(runId, part, context)
    return this.follow(runId, this.#act(rules[command] as CommandRule, context))
  }

  follow(runId: string, work: Promise<unknown>): Promise<unknown> {
    // Registered before the runtime's own reactions, so that reference and runtime hear of the end in the same turn.
    work.then(
      (value) => this.#ended(runId, { ok: true, next: value instanceof Next ? value.state : undefined }),
      (error: unknown) => this.#ended(runId, failure(error)),
    )
    return work
  }

  generatorEnds(runId: string, part: Part): void {
    const throws = part.end === 'throw'
    this.#ended(runId, throws ? { ok: false, declared: false } : { ok: true, next: undefined })
    if (throws) throw new Error('the generator throws')
  }

  #playAtOnce(runId: string, part: Part, context: StageContext): unknown {
    try {
      const value = conclude(part, context)
      this.#ended(runId, { ok: true, next: value instanceof Next ? value.state : undefined })
      return value
    } catch (error) {
      this.#ended(runId, failure(error))
      throw error
    }
  }

  #ended(runId: string, end: BodyEnd): void {
    const { reference, clock } = this.#world
    this.#world.catchUp()
    const run = reference.find(runId)
    if (run) reference.bodyEnded(run, end, clock.now())
  }

  async #act(rule: CommandRule, context: StageContext): Promise<unknown> {
    const { goal: part } = context
    const { joints } = context
    if (part.how === 'badCleanup')
      context.onInterrupt(() => {
        throw new Error('the interrupt listener throws')
      })
    await this.#playChildren(rule, context)
    await this.#work(rule, context, joints)
    if (this.#isCutOff(context.runId)) await this.#callTooLate(rule, context, joints)
    return conclude(part, context)
  }

  async #playChildren(rule: CommandRule, context: StageContext): Promise<void> {
    const { runId, goal: part } = context
    const { uses = [] } = rule
    for (const { pick, awaited, part: childPart } of uses.length > 0 ? part.children : []) {
      if ((context.interrupted && part.how !== 'deaf') || this.#isCutOff(runId)) return
      if (!this.#world.reference.find(runId)) return
      const command = uses[pick % uses.length] as string
      const start = context.robot[command]
      if (!start) throw new Error(`${command} is not among the children`)
      const handle = this.#world.submit(command, runId, () => start(childPart).start())
      if (awaited) await handle.result()
      // Detached children get a moment beside their parent.
      else await this.#pause(0.03)
    }
  }

  async #work(rule: CommandRule, context: StageContext, joints: StageContext['joints']): Promise<void> {
    const { runId, goal: part } = context
    const [joint] = jointsOf(rule.claims)
    const how = joint === undefined && /move|stream/i.test(part.how) ? 'sleep' : part.how
    if (how === 'move') await joints.moveTo({ [joint as string]: part.target })
    else if (how === 'stream') await this.#stream(joints, joint as string, part, () => context.sleep(0.02))
    else if (how === 'deafStream') await this.#streamOn(joints, joint as string, runId, part)
    else if (how === 'deaf') await this.#pause(part.after)
    else if (how === 'hang') await this.#pause(Number.POSITIVE_INFINITY)
    else if (how === 'transit') await this.#transit(context)
    else await this.#sleepAndCleanUp(context)
  }

  async #sleepAndCleanUp(context: StageContext): Promise<void> {
    const { goal: part } = context
    try {
      await context.sleep(part.after)
    } finally {
      if (part.how === 'slowCleanup') await this.#pause(0.1)
      if (part.how === 'badCleanup') throwInCleanup()
    }
  }

  async #stream(joints: StageContext['joints'], joint: string, part: Part, next: () => Promise<void>): Promise<void> {
    const { clock } = this.#world
    const end = clock.now() + part.after
    const from = positionOf(joints, joint)
    for (let step = 0; clock.now() < end; step++) {
      joints.setpoint(joint, from + Math.sign(part.target) * Math.min(Math.abs(part.target), step * 0.01))
      await next()
    }
  }

  /** Ignores the interrupt and streams on. Once it was cut off, each setpoint must be refused. */
  async #streamOn(joints: StageContext['joints'], joint: string, runId: string, part: Part): Promise<void> {
    const { clock } = this.#world
    const end = clock.now() + part.after
    const from = positionOf(joints, joint)
    for (let step = 0; clock.now() < end && !this.#curtain; step++) {
      this.#world.catchUp()
      const late = this.#isCutOff(runId)
      const refused = thrown(() => joints.setpoint(joint, from + Math.sign(part.target) * step * 0.01))
      if (late) this.#count(refused, 'a setpoint of a run that was cut off was taken')
      await this.#pause(0.02)
    }
  }

  async #transit(context: StageContext): Promise<void> {
    const { reference } = this.#world
    await context.sleep(0.01)
    this.#world.catchUp()
    const to = reference.state === 'idle' ? 'recording' : 'idle'
    reference.asked = this.#world.armed() ? { run: context.runId, to } : undefined
    context.transition(to)
    this.#world.catchUp()
  }

  /** A body that was cut off tries everything that it still has in its hands. */
  async #callTooLate(rule: CommandRule, context: StageContext, joints: StageContext['joints']): Promise<void> {
    const [joint = 'pan'] = jointsOf(rule.claims)
    const calls: [string, () => unknown][] = [
      ['setpoint', () => joints.setpoint(joint, 0)],
      ['transition', () => context.transition('recording')],
      ['subscribe', () => context.subscribe('late', () => {})],
      ['onInterrupt', () => context.onInterrupt(() => {})],
    ]
    for (const [name, call] of calls) this.#count(thrown(call), `${name} worked after the run was cut off`)
    for (const [name, call] of [
      ['moveTo', () => joints.moveTo({ [joint]: 1 })],
      ['sleep', () => context.sleep(0)],
    ] as const)
      this.#count(await rejects(call), `${name} worked after the run was cut off`)
    for (const call of [() => context.publish('late', 1), () => context.partial(1), () => context.feedback(1)]) {
      call()
      this.#lateCalls++
    }
  }

  #count(refused: boolean, otherwise: string): void {
    this.#lateCalls++
    if (!refused) this.#world.violated(`P12: ${otherwise}`)
  }

  #isCutOff(runId: string): boolean {
    this.#world.catchUp()
    const { reference } = this.#world
    return reference.find(runId)?.cutOff ?? reference.ends.get(runId)?.cutOff ?? false
  }

  /** Waits on its own: neither an interrupt nor the end of the run shortens it, only the end of the schedule. */
  #pause(duration: number): Promise<void> {
    if (this.#curtain) return Promise.resolve()
    return new Promise((resolve) => {
      const go = (): void => {
        timer.cancel()
        this.#pauses.delete(go)
        resolve()
      }
      this.#pauses.add(go)
      const timer = this.#world.clock.after(duration, go)
    })
  }
}

function positionOf(joints: StageContext['joints'], joint: string): number {
  const reading = joints.read(joint)
  return reading.status === 'unknown' ? 0 : reading.position
}

function conclude(part: Part, context: StageContext): unknown {
  if (part.end === 'throw') throw new Error('the body throws')
  if (part.end === 'throwNothing') throw undefined
  if (part.end === 'giveUp') throw context.fail('the body gives up')
  return part.end === 'value' ? 'done' : context.next(part.end, 'done')
}

function throwInCleanup(): never {
  throw new Error('the cleanup throws')
}

const failure = (error: unknown): BodyEnd => ({
  ok: false,
  declared: error instanceof TendonError && error.code === 'TENDON_RUN_FAILED',
})

function thrown(call: () => unknown): boolean {
  try {
    call()
    return false
  } catch {
    return true
  }
}

async function rejects(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call()
    return false
  } catch {
    return true
  }
}
