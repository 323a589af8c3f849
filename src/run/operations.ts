import { badArgument } from '../base/argument.ts'
import { Interrupted } from '../base/outcome.ts'
import { TendonError } from '../base/problem.ts'
import { problem } from '../base/problems/index.ts'
import type { Command } from '../define/command.ts'
import { type Channel, type Fork, op, type Runnable } from '../define/operation.ts'
import { BoundedChannel } from './channel.ts'
import { problemOf } from './handle.ts'
import type { RunHost } from './host.ts'
import { fromPromise, type OpCall, type OpStart } from './op-table.ts'
import type { Run } from './run.ts'
import type { Strand, StrandEnd } from './strand.ts'

/** The rows that Tendon itself brings. `runOf` finds the run to which a strand belongs. */
export function coreOperations(host: RunHost, runOf: (strand: Strand) => Run): Readonly<Record<string, OpStart>> {
  return {
    'clock.sleep': ({ args, done }) => {
      const timer = host.clock.after(args[0] as number, () => done(undefined))
      return () => timer.cancel()
    },
    'clock.ticker': (call) => ticker(host, call),
    'clock.timer': (call) => {
      const channel = new BoundedChannel<number>(1)
      const fire = (): void => {
        disown()
        channel.put(host.clock.now())
      }
      const timer = host.clock.after(call.args[0] as number, fire)
      const disown = call.strand.group.own(() => timer.cancel())
      call.done(channel)
      return undefined
    },
    'process.run': (call) => runChild(host, runOf(call.strand), call),
    'process.all': joinAll,
    'process.race': firstOf,
    'process.fork': fork,
    'process.receive': ({ strand, done, fail }) => strand.mailbox.wait(done, fail),
    'process.send': ({ args, done }) => {
      const target = host.find(args[0] as string)
      done(target !== undefined && host.send(target, args[1]))
      return undefined
    },
    'process.monitor': ({ args, done }) => {
      const target = host.find(args[0] as string)
      if (target && !target.ended) return target.watch(done)
      done(target?.outcome)
      return undefined
    },
    'process.call': fromPromise(({ signal }, work: (signal: AbortSignal) => unknown) => work(signal)),
    'stream.read': fromPromise(({ signal }, sensor: { next(options: { signal: AbortSignal }): Promise<unknown> }) =>
      sensor.next({ signal }),
    ),
    'stream.take': (call) => (call.args[0] as BoundedChannel<unknown>).read(call),
    'event.publish': ({ args, done }) => {
      host.topics.publish(args[0] as string, args[1])
      done(undefined)
      return undefined
    },
    'event.subscribe': (call) => {
      const channel = new BoundedChannel<unknown>(call.args[1] as number)
      return give(
        call,
        channel,
        host.topics.on(call.args[0] as string, (value) => channel.put(value)),
      )
    },
  }
}

/** Hands a channel to the strand, and its source to the group, which ends it with the run. */
function give<T>({ strand, done }: OpCall, channel: Channel<T>, dispose: () => void): undefined {
  strand.group.own(dispose)
  done(channel)
  return undefined
}

/** Ticks on absolute deadlines; what nobody read in time is skipped and counted, never bunched. */
function ticker(host: RunHost, call: OpCall): undefined {
  const period = call.args[0] as number
  if (!(period > 0)) throw badArgument('ticker()', 'period', period, 'a number of seconds above 0')
  const channel = new BoundedChannel<number>(1)
  const begin = host.clock.now()
  let count = 0
  let timer = host.clock.after(period, tick)
  function tick(): void {
    const reached = Math.max(count + 1, Math.floor((host.clock.now() - begin) / period + 1e-9))
    channel.dropped += reached - count - 1
    count = reached
    channel.put(count)
    timer = host.clock.after(Math.max(0, begin + (count + 1) * period - host.clock.now()), tick)
  }
  return give(call, channel, () => timer.cancel())
}

/** Runs a command as a child: `[name, command, goal, 'value' | 'outcome']`. */
function runChild(host: RunHost, parent: Run, { args, done, fail }: OpCall): () => Promise<unknown> {
  const [name, command, goal, want] = args as [string, Command, unknown, 'value' | 'outcome']
  const child = host.startChild(parent, name, command, goal)
  void child.result().then((outcome) => {
    if (want === 'outcome') done(outcome)
    else if (outcome.status === 'succeeded') done(outcome.value)
    else fail(new TendonError(problemOf(name, outcome)))
  })
  return () => child.cancel()
}

/** All at once. The first to throw cancels the others, and is thrown when they have ended. */
function joinAll({ strand, args, done, fail }: OpCall): () => Promise<unknown> {
  const runnables = args[0] as readonly Runnable[]
  const values: unknown[] = new Array(runnables.length)
  let left = runnables.length
  let failure: { readonly error: unknown } | undefined
  const strands: Strand[] = []
  const ended = (index: number, end: StrandEnd): void => {
    left--
    if (end.ok) values[index] = end.value
    else if (!failure) {
      failure = { error: end.error }
      for (const other of strands) other.cancel()
    }
    if (left === 0) failure ? fail(failure.error) : done(values)
  }
  if (left === 0) done(values)
  for (const [index, runnable] of runnables.entries()) {
    if (failure) {
      ended(index, { ok: true, value: undefined })
      continue
    }
    try {
      strands.push(strand.group.start(runnable, (end) => ended(index, end)))
    } catch (error) {
      ended(index, { ok: false, error })
    }
  }
  return () => Promise.all(strands.map((started) => started.cancelled()))
}

/** The first to end wins; it is told when the others have ended. */
function firstOf({ strand, args, done, fail }: OpCall): () => Promise<unknown> {
  const runnables = args[0] as readonly Runnable[]
  // Nothing would ever win: the script would wait for ever.
  if (runnables.length === 0) throw badArgument('race()', 'list', runnables, 'a list of at least one runner')
  const strands: Strand[] = []
  let winner: StrandEnd | undefined
  const ended = (end: StrandEnd): void => {
    if (winner) return
    winner = end
    const others = (): Promise<unknown> => Promise.all(strands.map((other) => other.cancelled()))
    // The loop below may still be starting the others; they are canceled all the same, one microtask from now.
    void Promise.resolve()
      .then(others)
      .then(() => (end.ok ? done(end.value) : fail(end.error)))
  }
  for (const runnable of runnables) {
    if (winner) break
    try {
      strands.push(strand.group.start(runnable, ended))
    } catch (error) {
      ended({ ok: false, error })
    }
  }
  return () => Promise.all(strands.map((started) => started.cancelled()))
}

/** A strand beside the one that made it. What it throws is thrown where it is joined. */
function fork({ strand, args, done }: OpCall): undefined {
  let resolve: (end: StrandEnd) => void = () => {}
  const ended = new Promise<StrandEnd>((settle) => {
    resolve = settle
  })
  const { group } = strand
  let joined = false
  const made = group.start(args[0] as Runnable, (end) => {
    // What a fork throws is thrown where it is joined; if nobody ever joins it, it is its script that failed.
    if (!end.ok && !joined) group.unjoined.add(end)
    resolve(end)
  })
  const value = async (): Promise<unknown> => {
    joined = true
    const end = await ended
    group.unjoined.delete(end)
    if (end.ok) return end.value
    throw end.error
  }
  const handle: Fork<unknown> = {
    id: made.id,
    join: () => op('process.call', [value]),
    cancel: () => op('process.call', [() => made.cancelled()]),
    send: (message) => op('process.call', [() => made.mailbox.put(message)]),
  }
  done(handle)
  return undefined
}

/** What the runtime's own calls throw because the run, or a child of it, is being ended. */
const CONSEQUENCES: ReadonlySet<string> = new Set([
  'TENDON_ACCESS_REVOKED',
  'TENDON_ACCESS_AFTER_END',
  'TENDON_MOTION_IN_CLEANUP',
  'TENDON_RUN_CANCELED',
])

/** What a body that was interrupted, or whose script was cut, may throw without that being a failure. */
export function isInterruption(error: unknown): boolean {
  try {
    if (error instanceof TendonError) return CONSEQUENCES.has(error.code)
    return error instanceof Interrupted || (error instanceof Error && error.name === 'AbortError')
  } catch {
    // What was thrown is itself broken: a getter or a proxy that throws.
    return false
  }
}

/** The error of an operation on a run that is over. */
export const afterEnd = (run: Run, call: string): TendonError =>
  new TendonError(problem('TENDON_ACCESS_AFTER_END', { run: run.id, call }))
