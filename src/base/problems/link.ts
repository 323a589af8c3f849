import { entry } from '../problem.ts'

/** Ports, buses, servos and sensors: what the hardware said, or did not say. */
export const linkProblems = {
  TENDON_MODULE_MISSING: entry<{ module: string; need: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `${f.need} needs the package ${f.module}, which is not installed.`,
    why: () => 'Hardware libraries are optional, so that a robot without that hardware does not load them.',
    fix: (f) => `npm install ${f.module}`,
  }),
  TENDON_PORT_OPEN_FAILED: entry<{ port: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `The port ${f.port} could not be opened: ${f.reason}.`,
    why: () => 'Nothing can be read from or written to a port that is not open.',
    fix: (f) => `ls -l ${f.port}`,
  }),
  TENDON_LINK_CLOSED: entry<{ port: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `A write to ${f.port} was refused because the link is not open.`,
    why: () => 'A closed link keeps nothing for later: what it would send after a reconnect could move the robot.',
    fix: () => 'Wait until the link is open again, and send a new command.',
  }),
  TENDON_LINK_LOST: entry<{ port: string; reason: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `The link ${f.port} was lost: ${f.reason}.`,
    why: () => 'An unplugged cable or a dead adapter; servos keep their last goal, so power may still be on.',
    fix: () => 'Keep clear, check the cable, plug it in again.',
  }),
} as const
