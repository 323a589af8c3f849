import { entry, oneOf } from '../problem.ts'
import type { Issue } from '../schema.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** Why a command was refused. A refused command changed nothing. */
export const admissionProblems = {
  TENDON_UNKNOWN_COMMAND: entry<{ command: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no command ${f.command}.`,
    why: (f) => (f.near.length > 0 ? `Near names: ${oneOf(f.near)}.` : 'No command of this robot has a name like it.'),
    fix: (f) => (f.near[0] ? `robot.execute('${f.near[0]}', goal)` : 'Object.keys(robot.commands)'),
    sample: { command: 'moveTp', near: ['moveTo'] },
  }),
  TENDON_GOAL_INVALID: entry<{ command: string; issues: readonly Issue[] }>({
    ...UNCHANGED,
    what: (f) =>
      `The goal of ${f.command} is not valid: ${f.issues.map((i) => `${i.path.join('.') || 'goal'}: ${i.message}`).join('; ')}.`,
    why: () => 'A goal is checked as a whole before anything starts.',
    fix: (f) => `Correct ${oneOf(f.issues.map((i) => i.path.join('.') || 'the goal'))} and send the command again.`,
    sample: { command: 'grip', issues: [{ path: ['opening'], message: 'Too big: expected number to be <=1' }] },
  }),
  TENDON_GOAL_SCHEMA_ASYNC: entry<{ command: string }>({
    ...UNCHANGED,
    what: (f) => `The goal schema of ${f.command} validates asynchronously.`,
    why: () => 'A command is judged and its slot taken in one step; nothing may be awaited in between.',
    fix: () => 'Make the schema synchronous, and do slow checks at the beginning of the body.',
    sample: { command: 'grip' },
  }),
  TENDON_CLOSED: entry<{ robot: string }>({
    ...UNCHANGED,
    what: (f) => `The robot ${f.robot} is closed or closing.`,
    why: () => 'A closed robot has disarmed and given up its ports.',
    fix: () => 'await start(definition)',
    sample: { robot: 'so101' },
  }),
  TENDON_RETIRING: entry<{ command: string }>({
    ...UNCHANGED,
    what: (f) => `The command ${f.command} was refused because the robot is retiring.`,
    why: () => 'It goes to its rest pose and disarms; nothing new may start meanwhile.',
    fix: () => 'Wait for retire() to resolve, arm again, then send the command.',
    sample: { command: 'moveTo' },
  }),
  TENDON_DISARMED: entry<{ command: string; safety: string; allowed: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `The command ${f.command} was refused because the robot is ${f.safety}.`,
    why: (f) => `${f.command} is allowed in ${oneOf(f.allowed)}, and an unarmed robot is in none of these.`,
    fix: () => 'await robot.arm()',
    sample: { command: 'moveTo', safety: 'disarmed', allowed: ['idle'] },
  }),
  TENDON_LATCHED: entry<{ by: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The robot was stopped by ${f.by}: ${f.reason}.`,
    why: () => 'After a stop, motion takes three separate acts: reset, arm, command.',
    fix: () => 'Look at the robot, then: robot.reset(); await robot.arm()',
    sample: { by: 'operator', reason: 'a hand near the gripper' },
    more:
      'The latch is what keeps a robot still after somebody stopped it. reset() lifts it and sends no byte; arm() ' +
      'checks every servo and powers it where it stands; only then a command moves something. Do the three by ' +
      'hand, with your eyes on the robot: a program that does them by itself takes the stop back.',
  }),
  TENDON_IN_FAULT: entry<{ reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The robot is in fault: ${f.reason}.`,
    why: () => 'Some power could not be confirmed off, or hardware failed while armed; a human must look first.',
    fix: () => 'Keep clear, cut the supply if in doubt, then: await robot.acknowledge()',
    sample: { reason: 'shoulder_lift was not confirmed off' },
    more:
      'Until a human has looked, assume that joints have power and can move. The verdict of the last stop or ' +
      'disarm names each joint that was not confirmed. Cut the motor supply if any of them is stiff to the hand ' +
      'or cannot be reached safely. acknowledge() says that you have looked; it powers nothing, and the robot ' +
      'comes out of it disarmed.',
  }),
  TENDON_STATE_NOT_ALLOWED: entry<{ command: string; state: string; allowed: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `The command ${f.command} is not allowed in the state ${f.state}.`,
    why: (f) => `It is allowed in ${oneOf(f.allowed)}.`,
    fix: (f) => `Bring the robot to ${oneOf(f.allowed)}, or add '${f.state}' to the allowed states of ${f.command}.`,
    sample: { command: 'moveTo', state: 'recording', allowed: ['idle'] },
  }),
  TENDON_CATEGORY_FULL: entry<{ command: string; category: string; limit: number; holders: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `The category ${f.category} is full: ${f.holders.join(', ') || 'its slots are promised'}.`,
    why: (f) => `At most ${f.limit} run${f.limit === 1 ? '' : 's'} of this category may be live at a time.`,
    fix: (f) => `await robot.category('${f.category}').whenFree()`,
    sample: { command: 'scan', category: 'sensing', limit: 2, holders: ['scan-3', 'scan-4'] },
  }),
  TENDON_CLAIM_TAKEN: entry<{ command: string; claim: string; holder: string }>({
    ...UNCHANGED,
    what: (f) => `${f.claim} is claimed by ${f.holder}.`,
    why: () => 'Two runs never drive the same joint or resource.',
    fix: (f) => `Wait for ${f.holder} to end, or cancel it: await robot.cancel({ id: '${f.holder}' })`,
    sample: { command: 'grip', claim: 'gripper', holder: 'wave-7' },
  }),
  TENDON_OUTRANKED: entry<{ command: string; priority: number; by: string; holderPriority: number }>({
    ...UNCHANGED,
    what: (f) => `${f.command} (priority ${f.priority}) cannot displace ${f.by} (priority ${f.holderPriority}).`,
    why: () => 'A run is never displaced by one of lower priority; nobody was displaced.',
    fix: (f) => `Wait for ${f.by} to end, or send ${f.command} with a priority of at least ${f.holderPriority}.`,
    sample: { command: 'wave', priority: 0, by: 'home-2', holderPriority: 5 },
  }),
  TENDON_QUEUE_FULL: entry<{ command: string; category: string; length: number }>({
    ...UNCHANGED,
    what: (f) => `The queue of the category ${f.category} is full (${f.length}).`,
    why: () => 'Every queue has a bound, so that a robot does not work off orders that nobody wants any more.',
    fix: (f) => `await robot.category('${f.category}').whenFree()`,
    sample: { command: 'moveTo', category: 'motion', length: 16 },
  }),
  TENDON_QUEUE_TIMEOUT: entry<{ command: string; category: string; waited: number }>({
    ...UNCHANGED,
    what: (f) => `${f.command} waited ${f.waited} s in the queue of ${f.category} and was taken out.`,
    why: () => 'A queued command has a deadline of its own, so that no stale order starts to move the robot.',
    fix: () => 'Send it again, or raise queueTimeout of the category.',
    sample: { command: 'moveTo', category: 'motion', waited: 5 },
  }),
  TENDON_TOO_MANY_RUNS: entry<{ command: string; limit: number }>({
    ...UNCHANGED,
    what: (f) => `${f.command} was refused because ${f.limit} runs are live.`,
    why: () => 'limits.maxRuns bounds the memory of the runtime.',
    fix: () => 'Wait for runs to end, or raise limits.maxRuns in the definition.',
    sample: { command: 'scan', limit: 256 },
  }),
  TENDON_TOO_MANY_ABANDONED: entry<{ command: string; limit: number }>({
    ...UNCHANGED,
    what: (f) => `${f.command} was refused because ${f.limit} bodies were cut off and have still not returned.`,
    why: () => 'They can touch nothing, but they still use memory and time; a body ignores its abort signal.',
    fix: () => 'Find the body that ignores ctx.signal (events of type cut_off name it) and restart the program.',
    sample: { command: 'scan', limit: 16 },
  }),
} as const
