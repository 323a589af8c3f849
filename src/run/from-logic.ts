import { type Actor, type AnyActorLogic, createActor, type OutputFrom, type SnapshotFrom, toPromise } from 'xstate'

/** What a body made of XState logic uses of its context. */
interface LogicContext {
  readonly goal: unknown
  onInterrupt(listener: () => void): void
  readonly subscribe?: unknown
}

/**
 * Makes a body of XState actor logic (a machine, `fromPromise`, `fromCallback`, ...): its input is the goal, its output
 * the result, its error the failure. A cancel stops the actor. `onSnapshot` sees each snapshot, to send feedback.
 */
export function fromLogic<L extends AnyActorLogic, C extends LogicContext = LogicContext>(
  logic: L,
  onSnapshot?: (snapshot: SnapshotFrom<L>, ctx: C) => void,
): (ctx: C) => Promise<OutputFrom<L>> {
  return (ctx) => {
    const actor = createActor(logic, { input: ctx.goal } as never)
    // Observed before it starts: XState reports the error of an actor that nobody observes as an uncaught one.
    const output = toPromise(actor) as Promise<OutputFrom<L>>
    const result = onSnapshot ? observed(actor, output, (snapshot) => onSnapshot(snapshot, ctx)) : output
    ctx.onInterrupt(() => actor.stop())
    actor.start()
    return result
  }
}

/** XState reports what an observer throws as an uncaught error; here it ends the body. */
function observed<L extends AnyActorLogic>(
  actor: Actor<L>,
  output: Promise<OutputFrom<L>>,
  onSnapshot: (snapshot: SnapshotFrom<L>) => void,
): Promise<OutputFrom<L>> {
  const broken = new Promise<never>((_, reject) => {
    const next = (snapshot: SnapshotFrom<L>): void => {
      try {
        onSnapshot(snapshot)
      } catch (error) {
        reject(error)
        actor.stop()
      }
    }
    actor.subscribe({ next, error() {} })
  })
  return Promise.race([broken, output])
}
