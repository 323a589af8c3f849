import { setTimeout as pause } from 'node:timers/promises'
import { type ServoCalibration, TendonError, toDegrees, toJoint } from 'tendon/device'
import type { Output } from '../output.ts'
import { table } from '../table.ts'
import { limitSteps } from './calibration-check.ts'
import type { Unit } from './calibration-units.ts'
import { LivePicture } from './live-picture.ts'
import type { Person } from './person.ts'
import { RangeTracker } from './range-tracker.ts'

/** A joint while a hand turns it. */
interface Hand {
  readonly unit: Unit
  readonly tracker: RangeTracker
  /** Whether its last reading was lost. */
  lost: boolean
  /** What was said of it last, where nothing is drawn. */
  told: string
}

/** Between two rounds of readings, and between two lines of text, in milliseconds. */
const ROUND = 15
const TELL = 1000
const BAR = 32

/**
 * Measures zero and range of limp joints: first the pose that becomes the middle of each servo, then the ends that a
 * person leads each joint to. Writes nothing. Rejects as `Person.enter` does.
 */
export async function measure(
  output: Output,
  person: Person,
  units: readonly Unit[],
): Promise<Map<string, ServoCalibration>> {
  output.say(middlePose(units))
  await person.enter('Hold it there and press Enter ')
  const hands = await Promise.all(units.map((unit) => handOn(unit)))
  output.say('Now lead every joint slowly through its whole range, to both ends.')
  await follow(output, hands, person.enter('Press Enter when all have been there\n'))
  return new Map(hands.map(({ unit, tracker }) => [unit.joint, tracker.calibration]))
}

function middlePose(units: readonly Unit[]): string {
  const rows = units.map(({ joint, spec }) => {
    const middle = toJoint(spec, 0)
    return [
      joint,
      spec.type === 'prismatic' ? `${(middle * 1000).toFixed(0)} mm` : `${toDegrees(middle).toFixed(0)} deg`,
    ]
  })
  return `All joints are limp. Bring the robot by hand to the pose in which its joints are at:\n${table(rows)}`
}

/** Its place in the middle pose, with the offset that its servo has now. */
async function handOn(unit: Unit): Promise<Hand> {
  const { position } = await unit.bench.glance(unit.id)
  const tracker = new RangeTracker(position, unit.held.homingOffset, unit.bench)
  return { unit, tracker, lost: false, told: '' }
}

/** Reads all of them, again and again, until Enter. A reading that is lost is shown as such and ends nothing. */
async function follow(output: Output, hands: readonly Hand[], end: Promise<void>): Promise<void> {
  const picture = new LivePicture(output)
  let ended = false
  const ending = end.finally(() => {
    ended = true
  })
  // Whoever leaves in the middle of a round is heard when the round is over.
  ending.catch(() => {})
  let told = performance.now()
  while (!ended) {
    for (const hand of hands) await read(hand)
    picture.draw(pictureOf(hands))
    if (!picture.moves && performance.now() - told >= TELL) {
      tell(output, hands)
      told = performance.now()
    }
    await pause(ROUND)
  }
  await ending
  for (const hand of hands) await read(hand)
  picture.end(pictureOf(hands))
  if (!picture.moves) tell(output, hands)
}

async function read(hand: Hand): Promise<void> {
  try {
    const { position } = await hand.unit.bench.glance(hand.unit.id)
    hand.tracker.take(position)
    hand.lost = false
  } catch (error) {
    if (!(error instanceof TendonError) || error.code !== 'TENDON_SERVO_SILENT') throw error
    hand.lost = true
  }
}

/** Only those whose range has grown since they were told last. */
function tell(output: Output, hands: readonly Hand[]): void {
  for (const hand of hands) {
    const { min, position, max } = hand.tracker
    const range = `${min}..${max}`
    if (range === hand.told) continue
    hand.told = range
    const { joint } = hand.unit
    output.show({ type: 'range', joint, min, position, max }, `  ${joint}: ${range}, now ${position}`)
  }
}

function pictureOf(hands: readonly Hand[]): string[] {
  const rows = hands.map(({ unit, tracker, lost }) => {
    const steps = [tracker.min, tracker.position, tracker.max].map((value) => `${value}`.padStart(5))
    const limits = limitSteps(unit.spec, unit.bench).join('..')
    return [unit.joint, ...steps, bar(tracker, unit), limits, lost ? 'no answer' : '']
  })
  return table([['joint', '  min', '  now', '  max', '', 'limits'], ...rows]).split('\n')
}

/** The turn of the shaft, with what has been of it, and where it is. */
function bar({ min, position, max }: RangeTracker, { bench }: Unit): string {
  const cell = (steps: number): number =>
    Math.round((Math.max(0, Math.min(bench.steps - 1, steps)) / bench.steps) * (BAR - 1))
  const cells: string[] = Array.from({ length: BAR }, (_, at) => (at >= cell(min) && at <= cell(max) ? '─' : '·'))
  cells[cell(position)] = '┃'
  return `[${cells.join('')}]`
}
