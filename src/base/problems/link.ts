import { entry } from '../problem.ts'

/** Ports, buses, servos and sensors: what the hardware said, or did not say. */
export const linkProblems = {
  TENDON_MODULE_MISSING: entry<{ module: string; need: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.need} needs the package ${f.module}, which is not installed.`,
    why: () => 'Hardware libraries are optional, so that a robot without that hardware does not load them.',
    fix: (f) => `npm install ${f.module}`,
    sample: { module: 'serialport', need: 'The serial port /dev/ttyACM0' },
  }),
  TENDON_PORT_OPEN_FAILED: entry<{ port: string; reason: string; kind?: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The port ${f.port} could not be opened: ${f.reason}.`,
    why: () => 'Nothing can be read from or written to a port that is not open.',
    fix: (f) => {
      if (f.kind === 'missing') return 'ls -l /dev/serial/by-id'
      if (f.kind === 'denied') return 'sudo usermod -aG dialout "$USER" && exec su - "$USER"'
      if (f.kind === 'busy') return `fuser -v ${f.port}`
      return `ls -l ${f.port}`
    },
    sample: { port: '/dev/ttyACM0', reason: 'permission denied', kind: 'denied' },
  }),
  TENDON_LINK_CLOSED: entry<{ port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A write to ${f.port} was refused because the link is not open.`,
    why: () => 'A closed link keeps nothing for later: what it would send after a reconnect could move the robot.',
    fix: () => 'Wait until the link is open again, and send a new command.',
    sample: { port: '/dev/ttyACM0' },
  }),
  TENDON_LINK_LOST: entry<{ port: string; reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The link ${f.port} was lost: ${f.reason}.`,
    why: () => 'An unplugged cable or a dead adapter; servos keep their last goal, so power may still be on.',
    fix: () => 'Keep clear, check the cable, plug it in again.',
    sample: { port: '/dev/ttyACM0', reason: 'the adapter is disconnected' },
    more:
      'Nothing that was written before is sent again after a reconnect. Servos behind a lost adapter hold their ' +
      'last goal, so the robot does not go limp when its cable is pulled.',
  }),
  TENDON_BUS_CLOSED: entry<{ port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The bus on ${f.port} is not open.`,
    why: () =>
      'It was never opened, or it was closed or lost while the request was waiting; the servos keep what they do.',
    fix: () => 'Open the bus again, and ask again.',
    sample: { port: '/dev/ttyACM0' },
  }),
  TENDON_BUS_BUSY: entry<{ port: string; limit: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A request to the bus on ${f.port} was refused: ${f.limit} are waiting already.`,
    why: () => 'A half-duplex line carries one exchange at a time, and what waits for it is bounded.',
    fix: () => 'Ask less often, or await each request before the next one.',
    sample: { port: '/dev/ttyACM0', limit: 64 },
  }),
  TENDON_STOPPED_FIRST: entry<{ port: string; request: string }>({
    severity: 'notice',
    power: 'unchanged',
    what: (f) => `"${f.request}" on ${f.port} was dropped because a stop came first.`,
    why: () => 'Whatever moves or powers a servo and was waiting or under way when the stop frame went out is void.',
    fix: () => 'Arm again and send a new command when the robot may move.',
    sample: { port: '/dev/ttyACM0', request: 'goal of 6 servos' },
  }),
  TENDON_SERVO_SILENT: entry<{ joint: string; servo: number; port: string; request: string; tries: number }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) =>
      `The servo of ${f.joint} (id ${f.servo} on ${f.port}) did not answer "${f.request}" in ${f.tries} ${f.tries === 1 ? 'try' : 'tries'}.`,
    why: () =>
      'It is unplugged or unpowered, has another id or baud rate, or the line is disturbed; a silent servo may still be powered.',
    fix: (f) => `Keep clear, check the cable and the supply of ${f.joint}.`,
    sample: { joint: 'elbow_flex', servo: 3, port: '/dev/ttyACM0', request: 'read presentPosition', tries: 3 },
    more:
      'After a number of tries the servo counts as unreachable, not as off. Servos are daisy-chained: when all ' +
      'from one id on are silent, the plug before the first of them is the likely one.',
  }),
  TENDON_SERVO_WRONG_MODEL: entry<{ joint: string; servo: number; port: string; expected: number; actual: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `The servo of ${f.joint} (id ${f.servo} on ${f.port}) says it is model ${f.actual}, but the definition says ${f.expected}.`,
    why: () => 'Another model has other registers and units, so that the same bytes would mean another motion.',
    fix: (f) => `Fit the servo that the definition names for ${f.joint}, or name the fitted one there.`,
    sample: { joint: 'elbow_flex', servo: 3, port: '/dev/ttyACM0', expected: 777, actual: 1029 },
  }),
  TENDON_SERVO_UNKNOWN: entry<{ servo: number; port: string; known: readonly number[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `No joint of the definition has servo ${f.servo} on ${f.port}; known are ${f.known.join(', ') || 'none'}.`,
    why: () => 'A bus speaks only to the servos that the definition mounts on it.',
    fix: () => 'Use one of the known ids, or mount the servo on a joint.',
    sample: { servo: 9, port: '/dev/ttyACM0', known: [1, 2, 3, 4, 5, 6] },
  }),
  TENDON_REGISTER_NOT_TAKEN: entry<{
    joint: string
    servo: number
    port: string
    register: string
    wanted: number
    got: number
  }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) =>
      `Register ${f.register} of the servo of ${f.joint} (id ${f.servo} on ${f.port}) was written ${f.wanted} and reads ${f.got}.`,
    why: () => 'The firmware limits or ignores this value without saying so; only reading back shows it.',
    fix: (f) => `Ask for a value of ${f.register} that this servo takes; it made ${f.got} of it.`,
    sample: { joint: 'elbow_flex', servo: 3, port: '/dev/ttyACM0', register: 'acceleration', wanted: 80, got: 50 },
  }),
  TENDON_TORQUE_NOT_OFF: entry<{ joint: string; servo: number; port: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The servo of ${f.joint} (id ${f.servo} on ${f.port}) did not confirm that its power is off.`,
    why: () => 'Its torque register read back as on, or it did not answer at all.',
    fix: (f) => `Keep clear, and switch off the supply of ${f.joint}.`,
    sample: { joint: 'elbow_flex', servo: 3, port: '/dev/ttyACM0' },
    more:
      'The joint may hold, or move when something pushes its neighbors. Do not reach between its links before the ' +
      'supply is off.',
  }),
  TENDON_SETPOINT_INVALID: entry<{ joint: string; servo: number; field: string; value: number }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A setpoint for ${f.joint} (servo ${f.servo}) was refused: its ${f.field} is ${f.value}.`,
    why: () => 'It is not a finite number in the range that the register can hold, so it would mean another motion.',
    fix: () => 'Send finite angles inside the limits of the joint.',
    sample: { joint: 'elbow_flex', servo: 3, field: 'velocity', value: -1 },
  }),
} as const
