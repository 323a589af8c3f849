import { entry, oneOf } from '../problem.ts'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** How the servos that do not answer lie in the chain from the adapter to the last servo. */
export type MissingPattern =
  /** Nobody answers. */
  | 'all'
  /** Several at the end of the chain. */
  | 'tail'
  /** The last one alone. */
  | 'last'
  /** One alone, and those behind it answer. */
  | 'one'
  /** Several that do not follow each other, or with some behind them that answer. */
  | 'scattered'
  /** Servos answer that the definition does not know. */
  | 'strangers'

/** Servos that a definition names and that do not answer. */
export interface MissingServos {
  readonly port: string
  /** Ids, in the order of the definition. */
  readonly missing: readonly number[]
  readonly joints: readonly string[]
  readonly pattern: MissingPattern
  /** The last one that answers before the first that does not; 0: none does. */
  readonly after: number
}

const listed = (ids: readonly (number | string)[]): string => ids.join(', ')

const WHY_MISSING: Readonly<Record<MissingPattern, (f: MissingServos) => string>> = {
  all: () => 'None of them answers, so it is what they share: the supply, the data wire, the baud rate, or the port.',
  tail: (f) =>
    f.after === 0
      ? `Servos are wired in a chain, and all from ${f.missing[0]} on are missing, so the line ends before it.`
      : `Servos are wired in a chain: ${f.after} still answers and all behind it are missing, so the line ends there.`,
  last: () => 'Only the last one of the chain is missing: its plug, the cable to it, its id, or the servo itself.',
  one: (f) =>
    `Those behind ${f.missing[0]} answer, so the line goes through: it is this servo, its id or its baud rate.`,
  scattered: () => 'Others behind them answer, so the line goes through: each of them has a reason of its own.',
  strangers: () => 'Servos answer that the definition does not know: they may be the missing ones under other ids.',
}

const FIX_MISSING: Readonly<Record<MissingPattern, (f: MissingServos) => string>> = {
  all: (f) => `Check that the motor supply is on and the data cable is in, then run: tendon scan --port ${f.port}`,
  tail: (f) =>
    f.after === 0
      ? `Look at the cable before servo ${f.missing[0]}.`
      : `Look at the cable between servo ${f.after} and servo ${f.missing[0]}.`,
  last: (f) =>
    f.after === 0
      ? `Look at the plug of servo ${f.missing[0]}.`
      : `Look at the cable between servo ${f.after} and servo ${f.missing[0]}, then run: tendon scan --port ${f.port}`,
  one: (f) => `Look for servo ${f.missing[0]} under another id or baud rate: tendon scan --port ${f.port}`,
  scattered: (f) => `Look for them under other ids and baud rates: tendon scan --port ${f.port}`,
  strangers: () => 'Give each servo its own id, one at a time: tendon setup-ids <robot>',
}

/** What comes up while servos are found, numbered and calibrated by hand, and before a robot moves for the first time. */
export const setupProblems = {
  TENDON_NO_PORT: entry<{ looked: string }>({
    ...UNCHANGED,
    what: () => 'This machine has no serial port with an adapter behind it.',
    why: (f) => `Looked for ${f.looked}; a port is there only while its adapter is plugged in and known to the system.`,
    fix: () => 'Plug in the USB adapter, with a cable that carries data, then run: tendon ports',
    sample: { looked: '/dev/ttyUSB*, /dev/ttyACM* and /dev/serial/by-id' },
  }),
  TENDON_PORT_OF_ROBOT: entry<{ port: string; robot: string; pid: number }>({
    ...UNCHANGED,
    what: (f) => `The port ${f.port} is in use by the running robot ${f.robot} (process ${f.pid}).`,
    why: () => 'Two programs on one line would garble each other, and the robot would lose its servos.',
    fix: (f) => `kill ${f.pid} (it goes to rest and disarms first)`,
    sample: { port: '/dev/ttyACM0', robot: 'so101', pid: 4711 },
  }),
  TENDON_NO_WORKBENCH: entry<{ family: string }>({
    ...UNCHANGED,
    what: (f) => `Servos of the family ${f.family} cannot be set up from here.`,
    why: () => 'Their driver brings no workbench, which is what finds, numbers and calibrates servos.',
    fix: () => 'Use the tool of their maker.',
    sample: { family: 'pca9685' },
  }),
  TENDON_NO_SERVO: entry<{ port: string; bauds: readonly number[]; ids: number }>({
    ...UNCHANGED,
    what: (f) => `No servo answers on ${f.port}: ${f.ids} ids were asked at ${listed(f.bauds)} baud.`,
    why: () =>
      'The motor supply is off or not connected, the data wire is loose or on the wrong pin, or they have another baud rate or protocol.',
    fix: (f) =>
      `Check the motor supply and the data cable, then run it with all rates and both families: tendon scan --port ${f.port} --family all`,
    sample: { port: '/dev/ttyACM0', bauds: [1_000_000, 500_000], ids: 254 },
    more:
      'USB alone does not power servos: the adapter needs its own supply for the motors. A servo blinks when it ' +
      'gets power. Adapters with a jumper need it in the position for USB, not for the pins of another board.',
  }),
  TENDON_BAUD_MISMATCH: entry<{
    port: string
    found: readonly { readonly baudRate: number; readonly ids: readonly number[] }[]
    /** What the definition says; 0: there is none. */
    wanted: number
  }>({
    ...UNCHANGED,
    what: (f) =>
      f.wanted === 0
        ? `Servos on ${f.port} have different baud rates: ${listed(f.found.map((one) => `${listed(one.ids)} at ${one.baudRate}`))}.`
        : `Servos on ${f.port} do not have the ${f.wanted} baud of the definition: ${listed(f.found.map((one) => `${listed(one.ids)} at ${one.baudRate}`))}.`,
    why: () => 'A bus runs at one rate: who listens at another hears nothing but noise.',
    fix: () => 'Set them to the same rate one at a time: tendon setup-ids <robot>',
    sample: { port: '/dev/ttyACM0', found: [{ baudRate: 500_000, ids: [3] }], wanted: 1_000_000 },
  }),
  TENDON_SERVO_ID_TWICE: entry<{ port: string; servo: number }>({
    ...UNCHANGED,
    what: (f) => `Two or more servos on ${f.port} have the id ${f.servo}.`,
    why: () =>
      'They answer at once and garble each other; servos come from the factory with the same id, and two of one id would move together.',
    fix: () => 'Leave one of them on the line at a time and give it its own id: tendon setup-ids <robot>',
    sample: { port: '/dev/ttyACM0', servo: 1 },
    more:
      'It is told from noise by asking several times: the reply of one servo comes through now and then, that of two ' +
      'never. Two servos whose every register is the same at that instant look like one.',
  }),
  TENDON_SERVO_ID_TAKEN: entry<{ port: string; from: number; to: number }>({
    ...UNCHANGED,
    what: (f) => `Servo ${f.from} on ${f.port} was not given the id ${f.to}: a servo with that id answers already.`,
    why: () => 'Two servos of one id cannot be told apart any more, nor be renamed one by one.',
    fix: (f) => `Take servo ${f.to} off the line first, so that one servo is connected at a time.`,
    sample: { port: '/dev/ttyACM0', from: 1, to: 3 },
  }),
  TENDON_SEVERAL_SERVOS: entry<{ port: string; found: readonly { readonly id: number; readonly baudRate: number }[] }>({
    ...UNCHANGED,
    what: (f) =>
      `More than one servo is on ${f.port}: ${listed(f.found.map((one) => `${one.id} at ${one.baudRate} baud`))}.`,
    why: () => 'An id is written to whoever hears it, so only the servo that is meant may be connected.',
    fix: () => 'Leave one servo on the line and pull the plugs of the others.',
    sample: {
      port: '/dev/ttyACM0',
      found: [
        { id: 1, baudRate: 1_000_000 },
        { id: 2, baudRate: 1_000_000 },
      ],
    },
  }),
  TENDON_SETUP_NOT_TAKEN: entry<{ port: string; servo: number; baudRate: number }>({
    ...UNCHANGED,
    what: (f) => `Servo ${f.servo} on ${f.port} does not answer at ${f.baudRate} baud after it was set up.`,
    why: () => 'It was told, and whether it took it shows only in its answer.',
    fix: (f) => `Switch the motor supply off and on, then look for it: tendon scan --port ${f.port}`,
    sample: { port: '/dev/ttyACM0', servo: 3, baudRate: 1_000_000 },
  }),
  TENDON_SERVO_MISSING: entry<MissingServos>({
    ...UNCHANGED,
    what: (f) =>
      `${f.missing.length === 1 ? 'Servo' : 'Servos'} ${listed(f.missing)} on ${f.port} (${listed(f.joints)}) ${f.missing.length === 1 ? 'does' : 'do'} not answer.`,
    why: (f) => WHY_MISSING[f.pattern](f),
    fix: (f) => FIX_MISSING[f.pattern](f),
    sample: {
      port: '/dev/ttyACM0',
      missing: [4, 5, 6],
      joints: ['wrist_flex', 'wrist_roll', 'gripper'],
      pattern: 'tail',
      after: 3,
    },
    more:
      'The order of the chain is taken to be the order of the joints in the definition. Where it is another one, ' +
      'follow the cables instead.',
  }),
  TENDON_SERVO_LOW_VOLTAGE: entry<{ port: string; servo: number; voltage: number; least: number }>({
    ...UNCHANGED,
    what: (f) => `Servo ${f.servo} on ${f.port} has ${f.voltage.toFixed(1)} V.`,
    why: (f) => `Below ${f.least.toFixed(1)} V it is weak, and restarts when it is loaded.`,
    fix: () => 'Check the supply: its voltage, its current, the battery, and how thin and long the cables are.',
    sample: { port: '/dev/ttyACM0', servo: 6, voltage: 4.9, least: 5.5 },
  }),
  TENDON_SERVO_HAS_ALARM: entry<{ port: string; servo: number; alarms: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `Servo ${f.servo} on ${f.port} reports an alarm: ${listed(f.alarms)}.`,
    why: () => 'The servo protects itself: voltage, heat, current, load or its encoder is out of its limits.',
    fix: () => 'Remove the cause, then switch the motor supply off and on.',
    sample: { port: '/dev/ttyACM0', servo: 3, alarms: ['overload'] },
  }),
  TENDON_CALIBRATION_REFUSED: entry<{
    source: string
    issues: readonly { readonly joint: string; readonly reason: string }[]
  }>({
    ...UNCHANGED,
    what: (f) =>
      `The calibration from ${f.source} was refused: ${f.issues.map((issue) => `${issue.joint}: ${issue.reason}`).join('; ')}.`,
    why: () =>
      'It is taken as a whole or not at all: with one wrong zero or range a joint would go where nobody expects it.',
    fix: (f) => `Correct ${oneOf(f.issues.map((issue) => issue.joint))}, or measure anew: tendon calibrate <robot>`,
    sample: {
      source: 'so101.json',
      issues: [{ joint: 'gripper', reason: 'drive_mode is 1, and only 0 is supported' }],
    },
  }),
  TENDON_CALIBRATION_FILE: entry<{ file: string; reason: string }>({
    ...UNCHANGED,
    what: (f) => `The calibration file ${f.file} could not be used: ${f.reason}.`,
    why: () => 'What cannot be read whole is not taken in part.',
    fix: (f) => `ls -l ${f.file}`,
    sample: { file: 'robots/so101/calibration.json', reason: 'it is no JSON' },
  }),
  TENDON_FIRST_MOTION: entry<{ robot: string; adapters: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => `${f.robot} was not armed: it has never moved on ${listed(f.adapters)} from this machine.`,
    why: () =>
      'Before a robot moves for the first time somebody must have looked that everybody is clear and a stop is within reach.',
    fix: () => 'Look at the robot and whoever is near it, then run the same with --yes.',
    sample: { robot: 'so101', adapters: ['FTDI A50285BI'] },
    more:
      'It is asked once for each adapter (its serial number, or the path of its port where it has none) and each robot, ' +
      'and kept in the state folder. Simulated robots never ask.',
  }),
} as const
