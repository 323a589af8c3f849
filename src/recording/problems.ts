import { type Catalogue, entry, oneOf, problemsOf } from '../base/problem.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const
const degrees = (angle: number): string => `${((angle * 180) / Math.PI).toFixed(1)} deg`

/** What can be wrong with a joint recording, or with taking one. None of it touches power: it is found before motion. */
export const recordingProblems = {
  TENDON_RECORDING_NAME: entry<{ name: string }>({
    ...UNCHANGED,
    what: (f) => `"${f.name}" cannot be the name of a recording.`,
    why: () => 'A recording is kept under its name, in one file where the storage is a folder.',
    fix: () => 'Use 1 to 64 letters, digits, _ and -.',
    sample: { name: '../wave' },
  }),
  TENDON_RECORDING_MISSING: entry<{ name: string; robot: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no recording "${f.name}" of ${f.robot}.`,
    why: (f) =>
      f.near.length > 0
        ? `There is ${oneOf(f.near)}.`
        : 'Recordings are kept in the storage that the robot was started with; the default one forgets at its end.',
    fix: () => 'Record it first, or start the robot with the storage that has it: start(robot, { storage }).',
    sample: { name: 'wvae', robot: 'so101', near: ['wave'] },
  }),
  TENDON_RECORDING_FORMAT: entry<{ name: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The recording "${f.name}" cannot be read: ${f.reason}.`,
    why: () =>
      'A recording is a JSON document of format tendon.joint-recording, version 1; one that is damaged is not played in part.',
    fix: () => 'Record it again, or restore the file from a copy.',
    sample: { name: 'wave', reason: 'samples[12] is not [seconds, ...one angle for each of 6 joints]' },
  }),
  TENDON_RECORDING_OTHER_ROBOT: entry<{ name: string; robot: string; expected: string }>({
    ...UNCHANGED,
    what: (f) => `The recording "${f.name}" is of ${f.robot}, and this is ${f.expected}.`,
    why: () => 'The same angles are another motion on another robot.',
    fix: (f) => `Record it on ${f.expected}.`,
    sample: { name: 'wave', robot: 'so100', expected: 'so101' },
  }),
  TENDON_RECORDING_UNKNOWN_JOINT: entry<{ name: string; joint: string; near: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `The recording "${f.name}" moves ${f.joint}, which is no joint with a servo of this robot.`,
    why: (f) => (f.near.length > 0 ? `Near names: ${oneOf(f.near)}.` : 'The definition has changed since it was made.'),
    fix: () => 'Record it again with the joints that the robot has now.',
    sample: { name: 'wave', joint: 'shoulder_pam', near: ['shoulder_pan'] },
  }),
  TENDON_RECORDING_EMPTY: entry<{ name: string; samples: number; missed: number }>({
    ...UNCHANGED,
    what: (f) => `The recording "${f.name}" has ${f.samples} samples; a motion needs two.`,
    why: (f) =>
      f.missed > 0
        ? `${f.missed} times no fresh reading of every joint was there, and none is made up.`
        : 'It was ended before a second reading came.',
    fix: () => 'Record it again, for longer.',
    sample: { name: 'wave', samples: 1, missed: 0 },
  }),
  TENDON_RECORDING_TIME: entry<{ name: string; sample: number; at: number; before: number }>({
    ...UNCHANGED,
    what: (f) =>
      `Sample ${f.sample} of the recording "${f.name}" is at ${f.at} s, and the one before it at ${f.before} s.`,
    why: () => 'Times count from 0 and only grow: a motion that goes back in time has no speed.',
    fix: () => 'Record it again, or restore the file from a copy.',
    sample: { name: 'wave', sample: 12, at: 0.2, before: 0.22 },
  }),
  TENDON_RECORDING_LIMIT: entry<{
    name: string
    joint: string
    position: number
    at: number
    min: number
    max: number
  }>({
    ...UNCHANGED,
    what: (f) => `At ${f.at.toFixed(2)} s the recording "${f.name}" has ${f.joint} at ${degrees(f.position)}.`,
    why: (f) =>
      `Its limits are ${degrees(f.min)} to ${degrees(f.max)}; a hand can turn a joint further than a command may, and nothing is clipped without a word.`,
    fix: (f) => `Record it again, and keep ${f.joint} inside its limits.`,
    sample: { name: 'wave', joint: 'elbow_flex', position: 1.8, at: 2.34, min: -1.69, max: 1.69 },
  }),
  TENDON_RECORDING_TOO_LONG: entry<{ name: string; what: string; value: number; most: number }>({
    ...UNCHANGED,
    what: (f) => `The recording "${f.name}" has ${f.value} ${f.what}; the most is ${f.most}.`,
    why: () => 'A recording is held in memory as a whole, so its length is bounded.',
    fix: () => 'Record the motion in parts.',
    sample: { name: 'wave', what: 'samples', value: 60_000, most: 30_000 },
  }),
  TENDON_RECORDING_NOT_HELD: entry<{ name: string; joints: readonly string[]; reason: string }>({
    severity: 'danger',
    // The robot is armed, and some of the joints may have been powered already.
    power: 'unknown',
    what: (f) => `After the recording "${f.name}" ${f.joints.join(', ')} could not be powered up again: ${f.reason}`,
    why: () =>
      'A joint is powered only where it stands still, so that it does not jump; until then it is limp, and may sink.',
    fix: () => 'Support the arm, then await robot.disarm() and robot.arm().',
    sample: { name: 'wave', joints: ['elbow_flex'], reason: 'elbow_flex was not read standing still.' },
  }),
} satisfies Catalogue

/** Makes a problem of recording or playback; the facts are typed by the code. */
export const recordingProblem = problemsOf(recordingProblems)
