import { entry } from '../problem.ts'

/** One thing wrong with a definition: where, what, and what to write instead. */
export interface DefinitionFault {
  /** `joints.elbow_flex.position` */
  readonly path: string
  readonly what: string
  readonly fix: string
}

/** What `defineRobot`, `.with` and `start` find before anything is opened. */
export const definitionProblems = {
  TENDON_DEFINITION_INVALID: entry<{ robot: string; faults: readonly DefinitionFault[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `The definition of ${f.robot} has ${f.faults.length} problem${f.faults.length === 1 ? '' : 's'}: ${f.faults
        .map((fault) => `${fault.path}: ${fault.what}`)
        .join(' ')}`,
    why: () => 'A robot starts only from a definition that is right as a whole; nothing has been opened.',
    fix: (f) => f.faults.map((fault) => `${fault.path}: ${fault.fix}`).join(' '),
    sample: {
      robot: 'so101',
      faults: [
        {
          path: 'joints.elbow_flex.stop',
          what: 'a powered joint needs a stop policy.',
          fix: "stop: 'cut', 'park' or 'hold'",
        },
      ],
    },
  }),
  TENDON_SERVICE_FAILED: entry<{ service: string; phase: 'start' | 'stop'; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The service ${f.service} failed to ${f.phase}: ${f.reason}.`,
    why: () => 'A robot starts only with all of its services; those that had started were stopped again.',
    fix: (f) => `Look at the ${f.phase} function of the service ${f.service}.`,
    sample: { service: 'camera', phase: 'start', reason: '/dev/video0 is in use' },
  }),
} as const
