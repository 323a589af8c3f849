import { allProblems, explain, nearCodes } from 'tendon/problems'
import { callerOutput } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import type { Perform } from '../verb.ts'

/** Explains one code; without one, names them all. */
export const explainCode: Perform = async (call) => {
  const output = callerOutput(call)
  const [code] = call.args
  if (code === undefined) {
    for (const known of Object.keys(allProblems)) output.show({ type: 'code', code: known }, known)
    return 0
  }
  const found = explain(code)
  if (!found) {
    const near = nearCodes(code)
    throw new UsageError(`There is no code ${code}.`, near.length > 0 ? `Known: ${near.join(', ')}.` : 'tendon explain')
  }
  output.show(
    { type: 'explanation', ...found },
    [
      `${output.colors.bold(found.code)} (${found.severity}; ${found.area})`,
      `  what:  ${found.what}`,
      `  why:   ${found.why}`,
      `  fix:   ${found.fix}`,
      `  power: ${found.meaning}`,
      ...(found.more ? ['', found.more] : []),
    ].join('\n'),
  )
  return 0
}
