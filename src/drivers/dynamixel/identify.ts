import { type Clock, sleep } from '../../base/clock.ts'
import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { FoundServo } from '../../device/servo-workbench.ts'
import type { HalfDuplexBus } from '../half-duplex-bus.ts'
import { OVERHEAD } from './frame.ts'
import { labelOf } from './models.ts'
import { endOf, valueIn, X_SERIES } from './registers.ts'
import * as requests from './requests.ts'
import type { StatusFrame } from './status-decoder.ts'

/** All that it has: two servos differ somewhere in it, in their millisecond counter if in nothing else. */
const MEMORY = endOf(X_SERIES.present_temperature)
/** How often a doubtful id is looked at. */
const LOOKS = 8
/** Good looks that end the doubt. */
const ENOUGH = 2
/** Bad ones that are no accident when not one was good. */
const TOO_MANY = 4

/** What to ask with. */
export interface Inquiry {
  readonly line: HalfDuplexBus<StatusFrame>
  readonly clock: Clock
  /** How long what another servo says may come after the first reply. */
  readonly slack: Seconds
}

/** What came back of one question. */
interface Look {
  readonly params: Uint8Array | undefined
  /** Bytes that belong to no reply. */
  readonly strange: number
  /** A second whole reply. */
  readonly second: boolean
}

/**
 * Who has this id; `undefined`: nobody. It reads and never writes. Servos of one id answer at once, so their replies are
 * garbled each time, or come one behind the other; noise lets one of several through. Rejects with
 * `TENDON_SERVO_ID_TWICE`.
 */
export async function identify(inquiry: Inquiry, id: number): Promise<FoundServo | undefined> {
  const { line } = inquiry
  const looks: Look[] = [await ask(inquiry, requests.ping(id, { label: `who is ${id}`, tries: 1 }))]
  if (looks.every(({ params, strange }) => params === undefined && strange === 0)) return undefined
  const memory = requests.read(id, 0, MEMORY, { label: `who is ${id}`, tries: 1 })
  const good = (): Look[] => looks.slice(1).filter(({ params }) => params !== undefined)
  while (looks.length <= LOOKS && good().length < ENOUGH) looks.push(await ask(inquiry, memory))
  const bad = looks.slice(1).filter(({ params, strange }) => params === undefined && strange > 0)
  if (looks.some(({ second }) => second) || (good().length === 0 && bad.length >= TOO_MANY))
    throw new TendonError(problem('TENDON_SERVO_ID_TWICE', { port: line.address, servo: id }))
  const told = good()[0]?.params
  if (!told) return undefined
  const modelNumber = valueIn(told, 0, X_SERIES.model)
  return { id, model: labelOf(modelNumber), modelNumber, firmware: String(valueIn(told, 0, X_SERIES.firmware)) }
}

/** Asks once, and counts everything that comes until whoever waits longest must have spoken. */
async function ask({ line, clock, slack }: Inquiry, request: ReturnType<typeof requests.read>): Promise<Look> {
  const before = line.health()
  const [reply] = await line.perform(request)
  if (reply) await sleep(clock, slack)
  const after = line.health()
  const params = reply?.frame.params
  const whole = params ? params.length + OVERHEAD : 0
  const strange = after.bytesIn - before.bytesIn - whole
  // A line that returns what is sent brings the question too.
  const echoed = strange >= request.bytes.length ? request.bytes.length : 0
  return { params, strange: Math.max(0, strange - echoed), second: after.unexpected > before.unexpected }
}
