import { type Clock, sleep } from '../../base/clock.ts'
import { TendonError } from '../../base/problem.ts'
import { problem } from '../../base/problems/index.ts'
import type { Seconds } from '../../base/units.ts'
import type { FoundServo } from '../../device/servo-workbench.ts'
import type { HalfDuplexBus } from '../half-duplex-bus.ts'
import type { Earwitness, Heard } from './earwitness.ts'
import type { Frame } from './frame.ts'
import { endOf, STS3215, valueIn } from './registers.ts'
import * as requests from './requests.ts'

/** What says which servo it is: firmware and model. */
const NAME = { address: STS3215.firmware_major.address, count: endOf(STS3215.model) }
/** All that it has: two servos differ somewhere in it, in their position if in nothing else. */
const MEMORY = { address: 0, count: endOf(STS3215.present_current) }
/** How often a doubtful id is looked at. */
const LOOKS = 8
/** Good looks that end the doubt. */
const ENOUGH = 2
/** Bad ones that are no accident when not one was good. */
const TOO_MANY = 4

/** Model numbers of this family (register 3). */
const MODELS: Readonly<Record<number, string>> = { 777: 'STS3215', 2825: 'STS3250' }

/** A servo waits half a millisecond at most, and the slowest adapters hand over after 16. */
const LONGEST_SETTLE: Seconds = 0.025

/** What to ask with, and what listens beside it. */
export interface Inquiry {
  readonly line: HalfDuplexBus<Frame>
  readonly ears: Earwitness
  readonly clock: Clock
  /** How long what another servo says may come after the first reply. */
  readonly slack: Seconds
}

/**
 * Who has this id; `undefined`: nobody. It reads and never writes, and a line that returns what is sent does not confuse
 * it: no instruction is as long as these replies. Servos of one id answer at once, so their replies are garbled each
 * time, or come one behind the other and differ; noise lets one of several through. Rejects with
 * `TENDON_SERVO_ID_TWICE`. Servos that are alike in every register at that instant cannot be told from one.
 */
export async function identify(inquiry: Inquiry, id: number): Promise<FoundServo | undefined> {
  const first = await ask(inquiry, id, NAME)
  if (first.good.length === 0 && first.strange === 0) return undefined
  const looks = await lookUntilClear(inquiry, id)
  const good = looks.filter((look) => look.good.length > 0)
  if (isTwice(first, looks))
    throw new TendonError(problem('TENDON_SERVO_ID_TWICE', { port: inquiry.line.address, servo: id }))
  const told = good[0]?.good[0] ?? first.good[0]
  return told && describeServo(id, told.params)
}

/** Looks until it is clear that one servo answers, or as often as it takes to call it noise or a crowd. */
async function lookUntilClear(inquiry: Inquiry, id: number): Promise<Heard[]> {
  const looks: Heard[] = []
  while (looks.length < LOOKS && looks.filter(({ good }) => good.length > 0).length < ENOUGH)
    looks.push(await ask(inquiry, id, MEMORY))
  return looks
}

function isTwice(first: Heard, looks: readonly Heard[]): boolean {
  if (looks.some(({ good }) => good.some((frame) => differs(frame, good[0])))) return true
  if (looks.some(({ good }) => good.length > 0)) return false
  // Someone with this id began to speak each time, and never came to the end.
  const begun = looks.filter((look) => look.begun || (first.good.length > 0 && look.strange > 0))
  return begun.length >= TOO_MANY
}

const differs = (one: Frame, other: Frame | undefined): boolean =>
  other !== undefined && one.params.some((byte, at) => byte !== other.params[at])

/** Asks once, and gives everything that came until another servo of the same id must have spoken too. */
async function ask(
  { line, ears, clock, slack }: Inquiry,
  id: number,
  { address, count }: { readonly address: number; readonly count: number },
): Promise<Heard> {
  const [reply] = await line.perform(requests.read(id, address, count, { label: `who is ${id}`, tries: 1 }))
  // One that waits longer before it answers speaks behind the first.
  if (reply) await sleep(clock, Math.min(slack, LONGEST_SETTLE))
  return ears.take(id, count)
}

function describeServo(id: number, block: Uint8Array): FoundServo {
  const modelNumber = valueIn(block, 0, STS3215.model)
  const firmware = `${valueIn(block, 0, STS3215.firmware_major)}.${valueIn(block, 0, STS3215.firmware_minor)}`
  return { id, model: MODELS[modelNumber] ?? `unknown (${modelNumber})`, modelNumber, firmware }
}
