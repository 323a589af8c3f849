import { entry } from '../problem.ts'

/** Arming, disarming and the end of a robot, as its owner asks for them. */
export const lifecycleProblems = {
  TENDON_DISARMING: entry<{ safety: string }>({
    severity: 'error',
    power: 'unknown',
    what: (f) => `The robot cannot be armed now: it is ${f.safety}.`,
    why: () => 'Every servo is being read back; until that has a verdict nobody knows which have power.',
    fix: () => 'Wait for disarm() or stop() to resolve, then arm.',
    sample: { safety: 'disarming' },
  }),
  TENDON_RUNS_STOPPING: entry<{ runs: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `The robot cannot be armed yet: ${f.runs.join(', ')} ${f.runs.length === 1 ? 'is' : 'are'} still stopping.`,
    why: () => 'A run of before must not meet joints that have power again.',
    fix: () => 'Wait for them to end (at most their grace period), then arm.',
    sample: { runs: ['wave-7'] },
  }),
  TENDON_SELF_CHECK_FAILED: entry<{ command: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed because its self-check ${f.command} did not succeed: ${f.reason}`,
    why: () => 'The definition says that this command must succeed before anything is powered.',
    fix: () => 'Mend what the self-check found, then arm again.',
    sample: { command: 'check', reason: 'The body of check threw: the jaws do not close.' },
  }),
  TENDON_DISARM_NOT_CONFIRMED: entry<{ robot: string; joints: readonly string[] }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${f.robot} could not confirm that power is off at: ${f.joints.join(', ')}.`,
    why: () => 'The stop frame was sent, but these servos did not answer when they were read back.',
    fix: () => 'Keep clear; cut the supply by hand.',
    sample: { robot: 'so101', joints: ['shoulder_lift'] },
    more:
      'The stop frame needs no answer, so a servo that heard it is off although nobody could read it back; one ' +
      'that did not hear it goes on holding or moving. Nobody can tell the two apart from here. Treat the named ' +
      'joints as powered until the supply is cut, then acknowledge the fault.',
  }),
} as const
