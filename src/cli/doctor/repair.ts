import { createInterface } from 'node:readline/promises'
import { commandText, type ProgramCall } from '../machine.ts'
import type { Output } from '../output.ts'
import type { DoctorEnv } from './env.ts'
import type { Examined } from './examine.ts'

/** How long one repair may take, in milliseconds: a package is installed, a person types a password. */
const PATIENCE = 300_000

/** Asks a person about one command; gives whether to run it. */
export type Ask = (command: string) => Promise<boolean>

/** At a terminal: `y` or `yes` is the only yes. */
export const askAtTerminal: Ask = async (command) => {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(es)?$/i.test((await lines.question(`run this: ${command} ? [y/N] `)).trim())
  } finally {
    lines.close()
  }
}

/** Shows each repair, asks, runs it, and says how it ended. Gives the checks to look at again. */
export async function repairAll(
  examined: readonly Examined[],
  env: DoctorEnv,
  output: Output,
  ask: Ask,
): Promise<readonly Examined[]> {
  const done: Examined[] = []
  for (const one of examined) {
    const repair = repairOf(one)
    if (!repair) continue
    const command = commandText(repair)
    if (!(await ask(command))) {
      output.show({ type: 'repair', check: one.check.name, command, ran: false }, `left as it is: ${command}`)
      continue
    }
    const { code, err } = await env.machine.run(repair, PATIENCE)
    const said = code === 0 ? 'done' : `FAILED${code === undefined ? '' : ` (${code})`}: ${err.trim()}`
    output.show({ type: 'repair', check: one.check.name, command, ran: true, code }, `${command}: ${said}`)
    done.push(one)
  }
  return done
}

export const repairOf = ({ finding }: Examined): ProgramCall | undefined =>
  'repair' in finding ? finding.repair : undefined
