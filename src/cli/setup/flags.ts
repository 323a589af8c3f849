import { quantityIn } from '../quantity.ts'
import { UsageError } from '../usage-error.ts'
import { type Call, given } from '../verb.ts'

/** What `--wait` says, in seconds. Throws a `UsageError`. */
export function waitIn(call: Call): number | undefined {
  const text = given(call, 'wait')
  if (text === undefined) return undefined
  const quantity = quantityIn(text)
  const isTime = quantity && 'value' in quantity && quantity.value > 0 && ['s', 'ms', undefined].includes(quantity.unit)
  if (!isTime) throw new UsageError(`--wait ${text} is no time.`, `tendon ${call.verb} ... --wait 30ms`)
  return quantity.value
}
