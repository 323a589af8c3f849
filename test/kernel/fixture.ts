import { type Handle, type Robot, type RobotDefinition, type RobotEvent, start } from 'tendon'
import { VirtualClock } from 'tendon/testing'
import { afterEach, expect, vi } from 'vitest'
import type { ModelTypes } from '../../src/define/model-types.ts'
import type { CommandMap } from '../../src/define/script.ts'
import { Dispatcher } from '../../src/runtime/dispatch.ts'
import type { StartOptions } from '../../src/runtime/start.ts'

export { model } from './fixture-model.ts'

interface Opened {
  readonly clock: VirtualClock
  close(): Promise<unknown>
}

let opened: Opened[] = []
const ends = vi.spyOn(Dispatcher.prototype, 'end')

/** What a closed robot must have given back. */
const nothingLeft = {
  runs: 0,
  seats: 0,
  heirs: 0,
  queues: 0,
  topics: 0,
  free: 0,
  holding: 0,
}

// Every test of the kernel also proves that its robot, closed, leaves no timer, seat, queue or waiter.
afterEach(async () => {
  const robots = opened
  opened = []
  for (const { clock, close } of robots) {
    ends.mockClear()
    await clock.run(close())
    await clock.settle()
    for (const dispatcher of ends.mock.contexts as Dispatcher[])
      expect(dispatcher.leftovers()).toMatchObject(nothingLeft)
    expect(clock.pending).toBe(0)
  }
})

/** Starts a robot on a clock of its own, disarmed. It is closed after the test, and must leave nothing. */
export async function boot<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  options: StartOptions = {},
) {
  const clock = new VirtualClock()
  const robot = await clock.run(start(definition, { clock, ...options }))
  opened.push({ clock, close: () => robot.close() })
  return { robot, clock, ...readersOf(robot), now: <T>(promise: PromiseLike<T>) => clock.run(promise) }
}

/** The same, armed. */
export async function bootArmed<M extends ModelTypes, C extends CommandMap>(
  definition: RobotDefinition<M, C>,
  options: StartOptions = {},
) {
  const world = await boot(definition, options)
  await world.now(world.robot.arm())
  return world
}

function readersOf(robot: Pick<Robot<ModelTypes, CommandMap>, 'log'>) {
  /** The events of one run, oldest first. */
  const eventsOf = (handle: Pick<Handle, 'id'>): RobotEvent[] =>
    robot.log.entries().filter((event) => 'run' in event && event.run === handle.id)
  /** Their types. */
  const told = (handle: Pick<Handle, 'id'>): string[] => eventsOf(handle).map(({ type }) => type)
  const typesAfter = (after: number): string[] => robot.log.entries({ after }).map(({ type }) => type)
  return { eventsOf, told, typesAfter }
}

/** A promise that never settles: a body that ignores everything. */
export const never = (): Promise<never> => new Promise(() => {})

/** A body that rejects. */
export async function fails(): Promise<never> {
  throw new Error('no')
}

/** A promise that the test settles. */
export function gate<T = void>() {
  let open: (value: T) => void = () => {}
  let fail: (error: unknown) => void = () => {}
  const opening = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opening, open, fail }
}

/** The code of what went wrong, of an outcome or of something thrown. */
export function codeOf(what: unknown): unknown {
  if (typeof what !== 'object' || what === null) return undefined
  if ('error' in what) return (what.error as { code: string }).code
  return 'code' in what ? what.code : undefined
}

/** What a promise rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it did not reject')
}
