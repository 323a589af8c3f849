import { describe, entry, oneOf, problemsOf } from '../base/problem.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** What can be wrong with the parameters of a robot. None of it moves anything or touches power. */
export const parameterProblems = {
  TENDON_PARAMETER_INVALID: entry<{ name: string; value: unknown; issues: readonly string[]; accepts: string }>({
    ...UNCHANGED,
    what: (f) => `The parameter ${f.name} was not set: it ${f.issues.join('; it ')}.`,
    why: (f) => `It takes ${f.accepts}; the value in force stays.`,
    fix: (f) => `Give ${f.name} ${f.accepts}.`,
    sample: {
      name: 'reach',
      value: 2,
      issues: ['is 114.591559026 deg, above its maximum 90 deg'],
      accepts: 'a number from 0 deg to 90 deg',
    },
  }),
  TENDON_UNKNOWN_PARAMETER: entry<{ name: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no parameter ${f.name}.`,
    why: (f) =>
      f.near.length > 0 ? `Near names: ${oneOf(f.near)}.` : 'No parameter of this robot has a name like it.',
    fix: (f) => (f.near[0] ? `tendon param get ${f.near[0]}` : 'tendon param list'),
    sample: { name: 'cruse', near: ['cruise'] },
  }),
  TENDON_PARAMETER_STORE_FAILED: entry<{ name: string; value: unknown; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The parameter ${f.name} was not set: its new value could not be stored: ${f.reason}.`,
    why: () =>
      'A value counts only once it is stored, so the one from before is still in force; a storage that failed half-way may hold the new one, and the next start would use it.',
    fix: (f) => `Look at the storage (is the disk full?), then: tendon param set ${f.name} '${describe(f.value)}'`,
    sample: { name: 'cruise', value: 0.5, reason: 'ENOSPC: no space left on device, write' },
  }),
  TENDON_PARAMETER_QUARANTINED: entry<{ name: string; stored: unknown; issues: readonly string[]; used: string }>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) =>
      `The stored value ${describe(f.stored)} of the parameter ${f.name} is not used: it ${f.issues.join('; it ')}.`,
    why: (f) =>
      `The definition no longer takes it, so it was put aside in the stored document, and the default ${f.used} is in force.`,
    fix: (f) => `Decide what it should be, then: tendon param set ${f.name} '${f.used}'`,
    sample: {
      name: 'reach',
      stored: 2,
      issues: ['is 114.591559026 deg, above its maximum 90 deg'],
      used: '30 deg',
    },
  }),
  TENDON_PARAMETERS_QUARANTINED: entry<{ robot: string; reason: string; kept: string | undefined }>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) => `The stored parameters of ${f.robot} are not used, none of them: ${f.reason}.`,
    why: (f) =>
      f.kept === undefined
        ? 'The document could not be moved aside yet; it is still in its place, and the defaults are in force.'
        : `The document was put aside as ${f.kept}, as it was, and the defaults are in force.`,
    fix: () => 'Look through tendon param list, and set what should differ from its default.',
    sample: { robot: 'so101', reason: 'it is not JSON', kept: 'so101/parameters-quarantined-1' },
  }),
  TENDON_PARAMETERS_UNREADABLE: entry<{ robot: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The stored parameters of ${f.robot} could not be read: ${f.reason}.`,
    why: () =>
      'There may be values that keep this robot slow or small; with the defaults in their place it could move otherwise than its owner set, so nothing was opened.',
    fix: () => 'Make the storage readable, or start with another one.',
    sample: { robot: 'so101', reason: 'EACCES: permission denied' },
  }),
} as const

/** Makes a problem of a parameter. */
export const parameterProblem = problemsOf(parameterProblems)
