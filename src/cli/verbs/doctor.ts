import { checks } from '../doctor/checks/index.ts'
import { type Examined, examine } from '../doctor/examine.ts'
import { type Ask, askAtTerminal, repairAll, repairOf } from '../doctor/repair.ts'
import { thisMachine } from '../doctor/this-machine.ts'
import { exitCodes } from '../exit-codes.ts'
import { loadRobot } from '../load-robot.ts'
import { callerOutput, type Output } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import { has, type Perform } from '../verb.ts'

/** Looks at everything that must be right on the computer of a robot, and with `--fix` mends what can be mended. */
export const doctor: Perform = async (call) => {
  const output = callerOutput(call)
  const [name] = call.args
  const ask = has(call, 'fix') ? askFor(has(call, 'yes'), name) : undefined
  if (!ask && has(call, 'yes')) throw new UsageError('--yes belongs to --fix.', 'tendon doctor --fix --yes')
  const env = thisMachine(name === undefined ? undefined : (await loadRobot(name)).definition)
  const tell = (examined: Examined): void => show(output, examined)
  let found = await examine(checks, env, tell)
  if (ask) {
    const mended = await repairAll(found, env, output, ask)
    const again = await examine(
      mended.map(({ check }) => check),
      env,
      tell,
    )
    found = found.map((one) => again.find(({ check }) => check === one.check) ?? one)
  }
  return conclude(output, found, ask !== undefined)
}

function askFor(yes: boolean, name: string | undefined): Ask {
  if (yes) return async () => true
  if (process.stdin.isTTY) return askAtTerminal
  const again = ['tendon doctor', ...(name === undefined ? [] : [name]), '--fix --yes'].join(' ')
  throw new UsageError('--fix asks before it runs anything, and nobody is at a terminal here.', again)
}

const MARKS = { ok: '✓', warning: '!', failure: '✗', not_applicable: '-' } as const

function show(output: Output, { check, finding }: Examined): void {
  const { green, yellow, red, dim } = output.colors
  const paint = { ok: green, warning: yellow, failure: red, not_applicable: dim }[finding.status]
  const lines = [`${paint(MARKS[finding.status])} ${check.title}: ${finding.what}`]
  if ('fix' in finding) lines.push(`    why: ${finding.why}`, `    fix: ${finding.fix}`)
  const { name, title } = check
  output.show({ type: 'check', check: name, title, ...finding, repair: undefined }, lines.join('\n'))
}

function conclude(output: Output, found: readonly Examined[], repaired: boolean): number {
  const counts = { ok: 0, warning: 0, failure: 0, not_applicable: 0 }
  for (const { finding } of found) counts[finding.status]++
  const open = found.filter((one) => repairOf(one) !== undefined).length
  const { ok, warning, failure, not_applicable: other } = counts
  const hint = open > 0 && !repaired ? `\n${open} of them can be mended by: tendon doctor --fix` : ''
  output.show(
    { type: 'doctor', ...counts },
    `\n${failure} failed, ${warning} warned, ${ok} well, ${other} not applicable${hint}`,
  )
  return failure > 0 ? exitCodes.failed : exitCodes.done
}
