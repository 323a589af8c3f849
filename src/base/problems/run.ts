import { entry, oneOf } from '../problem.ts'
import type { Issue } from '../schema.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** What can go wrong in a run that was admitted, and around its handle. */
export const runProblems = {
  TENDON_BODY_THREW: entry<{ command: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The body of ${f.command} threw: ${f.reason}.`,
    why: () => 'Whatever user code throws becomes one failure of its run; its joints were halted.',
    fix: () => 'Look at the cause and its stack.',
    sample: { command: 'wave', reason: 'times is not iterable' },
  }),
  TENDON_RUN_FAILED: entry<{ command: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `${f.command} gave up: ${f.reason}.`,
    why: () => 'The body said so itself, with ctx.fail().',
    fix: (f) => `See the facts that ${f.command} gave, and its documentation.`,
    sample: { command: 'grip', reason: 'nothing between the jaws' },
  }),
  TENDON_RUN_CANCELED: entry<{ command: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `${f.command} was canceled (${f.reason}).`,
    why: () => 'A caller that asked for the value gets an error when there is none.',
    fix: () => 'const outcome = await handle.result()',
    sample: { command: 'moveTo', reason: 'preempted' },
  }),
  TENDON_RESULT_INVALID: entry<{ command: string; issues: readonly Issue[] }>({
    ...UNCHANGED,
    what: (f) =>
      `The result of ${f.command} does not fit its schema: ${f.issues.map((i) => `${i.path.join('.') || 'result'}: ${i.message}`).join('; ')}.`,
    why: () => 'A result is checked before callers see it.',
    fix: (f) => `Return what the result schema of ${f.command} says.`,
    sample: { command: 'scan', issues: [{ path: ['mean'], message: 'Invalid input: expected number' }] },
  }),
  TENDON_BAD_TRANSITION: entry<{ command: string; target: string; state: string; states: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `${f.command} asked for the state ${f.target} while in ${f.state}; the state stays as it was.`,
    why: (f) =>
      f.state === 'disarmed'
        ? 'A robot that is not armed is disarmed, and leaves that state only by arming.'
        : 'disarmed is reached by disarm() only, and other states must be declared.',
    fix: (f) => `Use one of ${oneOf(f.states)}, while the robot is armed.`,
    sample: { command: 'record', target: 'recordings', state: 'idle', states: ['idle', 'recording', 'playback'] },
  }),
  TENDON_HALT_NOT_CONFIRMED: entry<{ command: string; joints: readonly string[] }>({
    severity: 'danger',
    power: 'on',
    what: (f) => `The joints ${f.joints.join(', ')} were not read standing still after ${f.command}.`,
    why: () => 'A run ends only when its joints have stopped, or with the word that this could not be confirmed.',
    fix: () => 'Keep clear; await robot.disarm() and look at its verdict.',
    sample: { command: 'moveTo', joints: ['shoulder_lift', 'elbow_flex'] },
    more:
      'The run has ended and holds nothing any more, but nobody has read its joints standing still: they may be ' +
      'moving, or their servos may not answer. They have power. A disarm tells every servo to stop once more and ' +
      'reads each of them back.',
  }),
  TENDON_ACCESS_AFTER_END: entry<{ run: string; call: string }>({
    ...UNCHANGED,
    what: (f) => `${f.run} called ${f.call} after it had ended or was cut off.`,
    why: () => 'A run that is over can touch nothing; the call had no effect and was counted.',
    fix: () => 'Await everything that the body starts, and end it when ctx.signal aborts.',
    sample: { run: 'wave-7', call: 'joints.moveTo' },
  }),
  TENDON_MOTION_IN_CLEANUP: entry<{ run: string }>({
    ...UNCHANGED,
    what: (f) => `A motion call in the cleanup of ${f.run} was refused.`,
    why: () => 'After a stop, a disarm or a shutdown no cleanup may move the robot.',
    fix: () => 'Put what should happen before a planned disarm into the rest command, and call retire().',
    sample: { run: 'wave-7' },
  }),
  TENDON_AWAIT_ABORTED: entry<{ run: string }>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) => `The wait for ${f.run} was aborted; the run goes on.`,
    why: () => "An awaiter's own signal ends its wait, never the run.",
    fix: () => 'handle.cancel()',
    sample: { run: 'moveTo-4' },
  }),
  TENDON_OP_NOT_YIELDED: entry<{ script: string; operation: string }>({
    ...UNCHANGED,
    what: (f) => `${f.script} made the operation ${f.operation} and did not yield it.`,
    why: () => 'In a generator an operation does nothing until it is yielded; a forgotten yield* would pass unseen.',
    fix: (f) => `yield* ${f.operation}(...)`,
    sample: { script: 'pickAndPlace', operation: 'moveTo' },
  }),
  TENDON_OP_UNKNOWN: entry<{ operation: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `The operation ${f.operation} is not in this robot's table.`,
    why: (f) => (f.near.length > 0 ? `Near names: ${oneOf(f.near)}.` : 'The table is fixed when the robot starts.'),
    fix: () => 'Add the service that brings it to the definition.',
    sample: { operation: 'camera.snap', near: ['camera.snapshot'] },
  }),
  TENDON_TOO_MANY_STRANDS: entry<{ script: string; limit: number }>({
    ...UNCHANGED,
    what: (f) => `${f.script} has ${f.limit} operations under way and wanted one more.`,
    why: () => 'limits.strands bounds what one script has outstanding.',
    fix: () => 'Join or await forks before making more.',
    sample: { script: 'pickAndPlace', limit: 64 },
  }),
} as const
