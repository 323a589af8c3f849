import { entry } from '../problem.ts'

/** A bus that needs a guard. */
export interface GuardedBusFacts {
  bus: string
  port: string
  joints: readonly string[]
}

/** What a guard has stopped. */
export interface GuardFiredFacts {
  robot: string
  bus: string
  port: string
  pid: number
}

const line: GuardedBusFacts = { bus: 'servos', port: '/dev/ttyACM0', joints: ['shoulder_pan', 'shoulder_lift'] }
const fired: GuardFiredFacts = { robot: 'so101', bus: 'servos', port: '/dev/ttyACM0', pid: 4711 }

/** The process that stops a robot when its program cannot any more. */
export const guardProblems = {
  TENDON_ARM_NO_GUARD: entry<GuardedBusFacts & { reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The robot was not armed: no guard stands over the bus ${f.bus} (${f.port}): ${f.reason}.`,
    why: () => 'Servos keep their last goal when the program that drives them dies, so nothing would stop them.',
    fix: () => "Arm again; on a system that can have no guard, write guard: 'none' into the definition.",
    sample: { ...line, reason: 'it ended (SIGKILL)' },
    more:
      'A guard is a small process that holds the port too and writes the stop frames when the program is killed, ' +
      "frozen or stuck. With guard: 'none' in its definition a robot is armed without one; then nothing but its " +
      'own watchdog, if it has one, or a person at the switch of the supply, stops it after a crash.',
  }),
  TENDON_GUARD_LOST: entry<GuardedBusFacts & { reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The guard of the bus ${f.bus} (${f.port}) was lost while joints had power: ${f.reason}.`,
    why: () => 'Without it nothing would stop them if this program died, so the robot is being stopped now.',
    fix: () => 'Keep clear until the verdict of the stop, then acknowledge the fault and arm again.',
    sample: { ...line, reason: 'it ended (SIGKILL)' },
    more:
      'Somebody killed the process, or the machine is out of memory or too busy to run it. The stop frames went ' +
      'out through the program itself, and every servo is being read back. The next arming posts a new guard.',
  }),
  TENDON_LOOP_STALLED: entry<GuardFiredFacts>({
    severity: 'danger',
    power: 'unknown',
    what: (f) =>
      `The guard of ${f.robot} stopped the bus ${f.bus} (${f.port}): process ${f.pid} had no control tick in time.`,
    why: () => 'A body that never yields, a debugger, a stopped process or a machine without time: nobody steered.',
    fix: () => 'Look at what the robot carries, then find what kept the event loop busy before you arm again.',
    sample: fired,
    more:
      'The process was killed, so that it could not write again, and the frames that halt and then power off were ' +
      'written for it; nobody has read them back. A busy loop in a body is the usual cause: let it yield, or run ' +
      'it in a worker. A breakpoint in an armed program does the same.',
  }),
  TENDON_HOST_ENDED: entry<GuardFiredFacts>({
    severity: 'danger',
    power: 'unknown',
    what: (f) =>
      `The guard of ${f.robot} stopped the bus ${f.bus} (${f.port}): process ${f.pid} ended while joints had power.`,
    why: () => 'It was killed, ran out of memory, or left with process.exit instead of close().',
    fix: () => 'Look at what the robot carries, then find why the program ended before you arm again.',
    sample: fired,
    more:
      'The frames that halt and then power off were written in its place, three times each; nobody has read them ' +
      'back. `dmesg` tells of processes that the system killed for their memory.',
  }),
} as const
