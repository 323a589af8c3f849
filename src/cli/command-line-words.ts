import type { Problem } from 'tendon'

/**
 * A problem whose fix is said in the words of the command line, where the catalogue has it in those of the library.
 * `command` is the one that was asked for, where one was.
 */
export function inCommandLineWords(found: Problem, command = '<command>'): Problem {
  const { facts } = found
  const near = (facts.near as readonly string[] | undefined)?.[0]
  const fixes: Readonly<Record<string, string>> = {
    TENDON_UNKNOWN_COMMAND: near ? `tendon exec ${near}` : 'tendon list',
    TENDON_DISARMED: `tendon exec ${command} --arm`,
    TENDON_NOT_ARMED: `tendon exec ${command} --arm`,
    TENDON_LATCHED: `Look at the robot, then: tendon reset, and tendon exec ${command} --arm`,
    TENDON_IN_FAULT: 'Keep clear, cut the supply if in doubt, then: tendon acknowledge',
    TENDON_CATEGORY_FULL: 'tendon runs shows what is running; tendon cancel <run> ends it',
    TENDON_CLAIM_TAKEN: `tendon cancel ${String(facts.holder)}`,
  }
  const fix = fixes[found.code]
  return fix === undefined ? found : { ...found, fix }
}
