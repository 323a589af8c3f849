import { entry, oneOf, problemsOf } from 'tendon/device'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

interface Issue {
  readonly path: readonly string[]
  readonly message: string
}

const stopsOf = (ports: readonly string[]): string => ports.map((port) => `tendon stop --port ${port}`).join('; ')

/** What that does, for whoever asks what the code means. */
const PAST_IT =
  'Stopping a port tells every servo on it to let go, in the words of the family that the robot had there, past a ' +
  'program that hangs, and reads each one back; joints fall. It is confirmed only when every one of them has answered.'

/** What can go wrong between the command line and a running robot. */
export const controlProblems = {
  TENDON_CONTROL_NO_ROBOT: entry<{ robot: string | undefined; running: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => (f.robot ? `No running robot called ${f.robot} answers.` : 'No robot is running.'),
    why: (f) =>
      f.running.length > 0
        ? `Running: ${f.running.join(', ')}.`
        : 'A robot answers while `tendon run` or `tendon sim` keeps it up, for the same user on the same machine.',
    fix: (f) => (f.running.length > 0 ? 'tendon list' : `tendon sim ${f.robot ?? 'so101'} --stay`),
    sample: { robot: 'so101', running: [] },
  }),
  TENDON_CONTROL_WHICH: entry<{ running: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `Several robots are running: ${f.running.join(', ')}.`,
    why: () => 'What moves one of them must say which.',
    fix: (f) => `Add the robot that you mean: --robot ${f.running[0]}`,
    sample: { running: ['so101', 'turret'] },
  }),
  TENDON_CONTROL_GONE: entry<{ robot: string; pid: number; ports: readonly string[] }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The program of ${f.robot} (process ${f.pid}) is gone, and did not take its leave.`,
    why: () =>
      'It was killed or crashed before it could read every servo back; its guard, where it had one, has sent the stop ' +
      'frames, and nobody has read back what became of them.',
    fix: (f) => stopsOf(f.ports),
    sample: { robot: 'so101', pid: 4711, ports: ['/dev/ttyACM0'] },
    more: PAST_IT,
  }),
  TENDON_CONTROL_SILENT: entry<{ robot: string; pid: number | undefined; ports: readonly string[] }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The program of ${f.robot}${f.pid === undefined ? '' : ` (process ${f.pid})`} does not answer.`,
    why: () => 'Its socket is open, but nothing came back in time: it hangs, is frozen, or is just starting.',
    fix: (f) => (f.ports.length > 0 ? stopsOf(f.ports) : `kill -9 ${f.pid ?? '<pid>'}`),
    sample: { robot: 'so101', pid: 4711, ports: ['/dev/ttyACM0'] },
    more: PAST_IT,
  }),
  TENDON_CONTROL_DENIED: entry<{ robot: string; folder: string }>({
    ...UNCHANGED,
    what: (f) => `${f.robot} runs as another user, and you may not talk to it.`,
    why: (f) => `Its socket in ${f.folder} is for that user and the members of its group.`,
    fix: () => 'sudo usermod --append --groups tendon $USER',
    sample: { robot: 'so101', folder: '/run/tendon' },
    more: 'Members of the group may do everything with the robot that a command line can do, arming it included. Log in again after joining it. Whoever stands beside a robot that they may not talk to stops it by its wired e-stop or its supply, or with sudo tendon stop.',
  }),
  TENDON_CONTROL_LOST: entry<{ robot: string; verb: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The link to ${f.robot} ended before it had answered ${f.verb}.`,
    why: () => 'Its program ended or broke the link; nobody here knows how far it came.',
    fix: () => 'tendon status',
    sample: { robot: 'so101', verb: 'exec' },
  }),
  TENDON_CONTROL_TAKEN: entry<{ robot: string; pid: number | undefined; socket: string }>({
    ...UNCHANGED,
    what: (f) => `A robot called ${f.robot} is running already${f.pid === undefined ? '' : `, in process ${f.pid}`}.`,
    why: (f) => `Its socket ${f.socket} is answered, and two programs must not drive one robot.`,
    fix: (f) => (f.pid === undefined ? 'tendon list' : `kill ${f.pid} (it goes to rest and disarms first)`),
    sample: { robot: 'so101', pid: 4711, socket: '/run/user/1000/tendon/so101.sock' },
  }),
  TENDON_CONTROL_PATH: entry<{ socket: string; length: number; limit: number }>({
    ...UNCHANGED,
    what: (f) => `The path of the control socket is ${f.length} bytes long: ${f.socket}.`,
    why: (f) => `The system takes at most ${f.limit}.`,
    fix: () => 'Use a shorter folder: export TENDON_RUNTIME_DIR=/tmp/tendon-$USER',
    sample: { socket: '/a/very/long/folder/so101.sock', length: 130, limit: 107 },
  }),
  TENDON_CONTROL_FOLDER: entry<{ folder: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `${f.folder} cannot hold the control socket: ${f.reason}.`,
    why: () => 'Whoever can write there could take the robot’s place, or command it.',
    fix: (f) => `chmod 700 ${f.folder}`,
    sample: { folder: '/tmp/tendon', reason: 'others may write there' },
  }),
  TENDON_CONTROL_STARTING: entry<{ robot: string }>({
    ...UNCHANGED,
    what: (f) => `${f.robot} is still starting.`,
    why: () => 'Its ports are being opened; it is disarmed.',
    fix: () => 'Wait a second, then send it again.',
    sample: { robot: 'so101' },
  }),
  TENDON_CONTROL_BAD_REQUEST: entry<{ reason: string }>({
    ...UNCHANGED,
    what: (f) => `The robot could not read a request: ${f.reason}.`,
    why: () => 'Requests are JSON objects of one line each, with an id and a verb.',
    fix: () => 'Use the tendon of the same version as the running robot: tendon --version',
    sample: { reason: 'it is no JSON' },
  }),
  TENDON_CONTROL_CROWDED: entry<{ what: string; limit: number }>({
    ...UNCHANGED,
    what: (f) => `There are too many ${f.what} (${f.limit}).`,
    why: () => 'What a running robot keeps for its callers has a bound; stop and disarm pass it.',
    fix: () => 'End some of the programs that talk to it, then send it again.',
    sample: { what: 'open requests of this caller', limit: 32 },
  }),
  TENDON_CONTROL_GOAL: entry<{ command: string; issues: readonly Issue[] }>({
    ...UNCHANGED,
    what: (f) =>
      `The goal of ${f.command} is not valid: ${f.issues.map((i) => `${i.path.join('.') || 'goal'}: ${i.message}`).join('; ')}.`,
    why: () => 'A goal is checked as a whole before anything starts.',
    fix: (f) =>
      `Correct ${oneOf(f.issues.map((i) => i.path.join('.') || 'the goal'))}; tendon list shows what it takes.`,
    sample: {
      command: 'grip',
      issues: [{ path: ['openign'], message: 'is not a field of it; did you mean opening?' }],
    },
  }),
  TENDON_CONTROL_NO_RUN: entry<{ run: string; live: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `There is no live run ${f.run}.`,
    why: (f) => (f.live.length > 0 ? `Live: ${f.live.join(', ')}.` : 'Nothing is running.'),
    fix: () => 'tendon runs',
    sample: { run: 'home-3', live: ['wave-7'] },
  }),
} as const

/** Makes a problem of the control socket. */
export const controlProblem = problemsOf(controlProblems)
