import type { Problem, StopVerdict } from 'tendon'
import { inCommandLineWords } from './command-line-words.ts'
import { exitCodes } from './exit-codes.ts'
import type { Output } from './output.ts'

/** Shows what a safety act has found, servo by servo; gives the exit code. */
export function showVerdict(output: Output, label: string, verdict: StopVerdict): number {
  const { green, red, yellow } = output.colors
  const color = { off: green, holding: yellow, not_confirmed: red }
  const head = verdict.confirmed
    ? `${label}: ${verdict.joints.length === 0 ? 'it has no servos' : 'every servo confirmed'}`
    : red(`${label}: NOT CONFIRMED, power may still be on: keep clear`)
  const width = Math.max(0, ...verdict.joints.map(({ joint }) => joint.length))
  const rows = verdict.joints.map(
    ({ joint, servo, verdict: found, reason }) =>
      `  ${joint.padEnd(width)}  servo ${servo}  ${color[found](found.replace('_', ' '))}${reason ? ` (${reason})` : ''}`,
  )
  output.show({ type: 'verdict', act: label, ...verdict }, [head, ...rows, ...holding(verdict)].join('\n'))
  return verdict.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** Joints that keep their power on purpose must not be overlooked. */
function holding({ joints }: StopVerdict): string[] {
  const held = joints.filter(({ verdict }) => verdict === 'holding').map(({ joint }) => joint)
  return held.length > 0 ? [`disarmed, POWER ON: ${held.join(', ')} (tendon disarm --cut takes it away)`] : []
}

/** Shows everything that stood against arming, numbered where it is more than one; `command`: for whose sake it was. */
export function showNotArmed(output: Output, problems: readonly Problem[], command?: string): number {
  const listed = problems.length > 1
  for (const [at, found] of problems.entries())
    output.problem(inCommandLineWords(found, command), listed ? at + 1 : undefined)
  return problems.some(({ power }) => power === 'unknown') ? exitCodes.notConfirmed : exitCodes.refused
}
