import { type Catalogue, entry, oneOf, problemsOf } from '../base/problem.ts'

/** What cannot be simulated, and names that the simulation does not have. */
export const simProblems = {
  TENDON_SIM_UNKNOWN_SERVO: entry<{ joint: string; family: string; model: string; known: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The joint ${f.joint} cannot be simulated: there is no simulated servo ${f.family}/${f.model}.`,
    why: (f) => `The simulator knows ${oneOf(f.known)}.`,
    fix: (f) => `Mount one of these on ${f.joint}, or run this robot on its hardware.`,
    sample: { joint: 'elbow_flex', family: 'feetech', model: 'scs0009', known: ['feetech/sts3215'] },
  }),
  TENDON_SIM_UNKNOWN_BUS: entry<{ bus: string; family: string; known: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The bus ${f.bus} cannot be simulated: its family is ${f.family}.`,
    why: (f) => `The simulator knows ${oneOf(f.known)}.`,
    fix: (f) => `Wire ${f.bus} with one of these families, or run this robot on its hardware.`,
    sample: { bus: 'servos', family: 'hiwonder', known: ['feetech', 'dynamixel', 'pca9685'] },
  }),
  TENDON_SIM_UNKNOWN_NAME: entry<{ kind: string; name: string; near: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The simulation has no ${f.kind} "${f.name}".`,
    why: () => 'Only what the robot definition names is simulated.',
    fix: (f) => (f.near.length > 0 ? `Use ${oneOf(f.near)}.` : `Check the ${f.kind}s of the definition.`),
    sample: { kind: 'joint', name: 'elbow', near: ['elbow_flex'] },
  }),
  TENDON_SIM_AMBIGUOUS_ID: entry<{ id: number; joints: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The servo id ${f.id} is used on more than one bus.`,
    why: (f) => `It could be that of ${oneOf(f.joints)}.`,
    fix: () => 'Name the joint instead of the id.',
    sample: { id: 1, joints: ['left_pan', 'right_pan'] },
  }),
  TENDON_SIM_NOT_SIMULATED: entry<Record<never, never>>({
    severity: 'error',
    power: 'unchanged',
    what: () => 'This robot has no simulation.',
    why: () => 'Only what simulated(robot) returned, or was made from that, has one.',
    fix: () => 'const arm = simulated(robot); simulationOf(arm)',
    sample: {},
  }),
  TENDON_SIM_NO_STREAM: entry<{ bus: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The bus ${f.bus} cannot be put on a terminal.`,
    why: (f) => `What goes over ${f.bus} is transactions and no stream of bytes, as on I2C.`,
    fix: () => 'Run the robot in this process instead: await start(simulated(robot))',
    sample: { bus: 'i2c' },
  }),
  TENDON_SIM_NOT_OPEN: entry<{ call: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.call} needs the time of the simulation, and none of its ports has been opened.`,
    why: () => 'A simulation takes its clock from the robot that is started on it; before that its time stands still.',
    fix: () => 'await start(simulated(robot))',
    sample: { call: 'Timeline.at()' },
  }),
  TENDON_SIM_FAULT_INVALID: entry<{ text: string; reason: string; instead: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `"${f.text}" is no fault that can be scheduled.`,
    why: (f) => `A fault is written subject=kind[:value][@from[..until]]; here ${f.reason}.`,
    fix: (f) => `Write ${f.instead}`,
    sample: {
      text: 'elbow_flex=stuk@3s',
      reason: 'there is no fault stuk; there is stuck',
      instead: 'elbow_flex=stuck@3s',
    },
  }),
} satisfies Catalogue

/** Makes a problem of the simulator; the facts are typed by the code. */
export const simProblem = problemsOf(simProblems)
