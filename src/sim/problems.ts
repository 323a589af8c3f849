import { type Catalogue, entry, oneOf, problemsOf } from '../base/problem.ts'

const simProblems = {
  TENDON_SIM_UNKNOWN_SERVO: entry<{ joint: string; family: string; model: string; known: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The joint ${f.joint} cannot be simulated: there is no simulated servo ${f.family}/${f.model}.`,
    why: (f) => `The simulator knows ${oneOf(f.known)}.`,
    fix: (f) => `Mount one of these on ${f.joint}, or run this robot on its hardware.`,
  }),
  TENDON_SIM_UNKNOWN_BUS: entry<{ bus: string; family: string; known: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The bus ${f.bus} cannot be simulated: its family is ${f.family}.`,
    why: (f) => `The simulator knows ${oneOf(f.known)}.`,
    fix: (f) => `Wire ${f.bus} with one of these families, or run this robot on its hardware.`,
  }),
  TENDON_SIM_UNKNOWN_NAME: entry<{ kind: string; name: string; near: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The simulation has no ${f.kind} "${f.name}".`,
    why: () => 'Only what the robot definition names is simulated.',
    fix: (f) => (f.near.length > 0 ? `Did you mean ${oneOf(f.near)}?` : `Check the ${f.kind}s of the definition.`),
  }),
  TENDON_SIM_AMBIGUOUS_ID: entry<{ id: number; joints: readonly string[] }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The servo id ${f.id} is used on more than one bus.`,
    why: (f) => `It could be that of ${oneOf(f.joints)}.`,
    fix: () => 'Name the joint instead of the id.',
  }),
  TENDON_SIM_NOT_SIMULATED: entry<Record<never, never>>({
    severity: 'error',
    power: 'unchanged',
    what: () => 'This robot has no simulation.',
    why: () => 'Only what simulated(robot) returned, or was made from that, has one.',
    fix: () => 'const arm = simulated(robot); simulationOf(arm)',
  }),
} satisfies Catalogue

/** Makes a problem of the simulator; the facts are typed by the code. */
export const simProblem = problemsOf(simProblems)
