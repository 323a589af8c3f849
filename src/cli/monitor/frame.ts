import { toDegrees } from 'tendon/device'
import type { JointView, SensorView, StatusView } from '../control/protocol.ts'
import type { Output } from '../output.ts'
import type { MonitorModel } from './model.ts'

export interface Size {
  readonly columns: number
  readonly rows: number
}

type Paint = (text: string) => string
/** One line of the screen, and how it is painted as a whole: cutting to width comes first. */
interface Line {
  readonly text: string
  readonly paint?: Paint | undefined
}

/** Rows from which the banner has air around it. */
const TALL = 20
/** Columns from which a joint has its bar, and those from which it has its speed. */
const WIDE = 72
const MIDDLE = 48
const BAR = 20
/** Runs, sensors and buses that are shown at most: what is above stays in sight. */
const MOST_RUNS = 6
const MOST_SENSORS = 6

/** The screen as lines, each as wide as the screen at most; never more lines than it has rows. */
export function frameOf(model: MonitorModel, { columns, rows }: Size, { colors }: Output): string[] {
  const plain: Paint = (text) => text
  const banner = bannerOf(model, rows >= TALL, colors)
  const foot = footOf(model, colors)
  const room = Math.max(0, rows - banner.length - foot.length)
  const body = bodyOf(model, columns, room, colors)
  const space = Array.from({ length: Math.max(0, room - body.length) }, (): Line => ({ text: '' }))
  // The stop key is the last thing to go, however small the screen is.
  return [...banner, ...body, ...space, ...foot]
    .slice(-Math.max(1, rows))
    .map(({ text, paint = plain }) => paint(cut(text, columns)))
}

type Colors = Output['colors']

/** Exactly what fits. */
const cut = (text: string, columns: number): string => {
  const letters = [...text]
  return letters.length <= columns ? text : `${letters.slice(0, Math.max(0, columns - 1)).join('')}…`
}

/** A line that is painted over its whole width: as wide as no screen is, and cut to it. */
const FULL = 400
const across = (text: string): string => text.padEnd(FULL)

function bannerOf({ robot, status, contact }: MonitorModel, tall: boolean, colors: Colors): Line[] {
  const where = status ? `${status.simulated ? 'simulated' : 'hardware'}, process ${status.pid}` : ''
  const title: Line = { text: `${robot}  ${where}`, paint: colors.bold }
  const lost = contact.state === 'lost'
  const safety = status?.safety ?? 'unknown'
  const paints: Readonly<Record<string, Paint>> = {
    armed: colors.bgYellow,
    disarmed: colors.bgGreen,
    fault: colors.bgRed,
  }
  const back = lost ? colors.bgRed : (paints[safety] ?? colors.bgCyan)
  const paint: Paint = (text) => back(colors.black(colors.bold(text)))
  const word = lost ? `NO ANSWER, last known: ${safety.toUpperCase()}` : safety.toUpperCase()
  const state = status && !lost ? `   state ${status.state}` : ''
  const air: Line[] = tall ? [{ text: across(''), paint }] : []
  const latch = status?.latch
  return [
    title,
    ...air,
    { text: across(`   ${word}${state}`), paint },
    ...air,
    ...(latch && !lost ? [{ text: `STOPPED by ${latch.by}: ${latch.reason} (tendon reset)`, paint: colors.red }] : []),
  ]
}

function footOf({ stop, contact }: MonitorModel, colors: Colors): Line[] {
  return [
    ...(contact.state === 'lost' ? [{ text: `fix: ${contact.fix}`, paint: colors.red }] : []),
    ...(stop ? [{ text: stop.text, paint: stop.confirmed ? colors.green : colors.red }] : []),
    { text: across(' SPACE stops the robot now    q leaves it as it is'), paint: colors.inverse },
  ]
}

function bodyOf(model: MonitorModel, columns: number, room: number, colors: Colors): Line[] {
  const { status, contact, now, events } = model
  const gone: Line[] =
    contact.state === 'lost'
      ? [
          ...(contact.mayHavePower ? [{ text: 'POWER MAY BE ON: keep clear.', paint: colors.red }] : []),
          { text: `${contact.what} (for ${Math.round((now - contact.since) / 1000)} s)`, paint: colors.red },
        ]
      : []
  const title = (text: string): Line => ({ text, paint: colors.dim })
  const section = (name: string, lines: readonly Line[]): Line[] => (lines.length === 0 ? [] : [title(name), ...lines])
  const upper = [
    ...gone,
    ...section('joints', status?.joints.map((joint) => jointLine(joint, columns, colors)) ?? []),
    ...section('runs', runLines(model)),
    ...section('sensors', few(status?.sensors.map((sensor) => sensorLine(sensor, colors)) ?? [], MOST_SENSORS)),
    ...section('buses', busLines(status, colors)),
  ]
  const kept = few(upper, room)
  const rest = room - kept.length - 1
  const newest = rest > 0 ? events.slice(-rest).map((text): Line => ({ text: `  ${text}` })) : []
  return [...kept, ...section('events', newest)]
}

/** At most so many, the last of them saying how many are missing. */
function few(lines: readonly Line[], most: number): Line[] {
  if (lines.length <= most) return [...lines]
  if (most <= 0) return []
  return [...lines.slice(0, most - 1), { text: `  … ${lines.length - most + 1} more` }]
}

/** Columns of an amount with its unit. */
const AMOUNT = 11

const amount = (value: number, slides: boolean, per = ''): string => {
  const text = slides ? `${(value * 1000).toFixed(1)} mm` : `${toDegrees(value).toFixed(1)}°`
  return `${text}${per}`.padStart(AMOUNT)
}

function jointLine(view: JointView, columns: number, colors: Colors): Line {
  const { joint, reading, age, slides, limits, policy } = view
  const name = `  ${joint.padEnd(16)}`
  if (reading.status === 'unknown') return { text: `${name} unknown`, paint: colors.yellow }
  const parts = [name, amount(reading.position, slides)]
  if (columns >= WIDE) parts.push(bar(reading.position, limits))
  if (columns >= MIDDLE)
    parts.push(amount(reading.velocity, slides, '/s'), `${(reading.load * 100).toFixed(0).padStart(4)} %`)
  if (columns >= WIDE) parts.push((policy ?? 'passive').padEnd(7))
  if (reading.status === 'stale') parts.push(`stale ${(age ?? 0).toFixed(1)} s`)
  return { text: parts.join(' '), ...(reading.status === 'stale' && { paint: colors.yellow }) }
}

/** Where in its range a joint is; one that turns at speeds has none. */
function bar(position: number, limits: JointView['limits']): string {
  if (!limits) return ' '.repeat(BAR + 2)
  const share = (position - limits[0]) / (limits[1] - limits[0])
  const at = Math.round(Math.min(Math.max(share, 0), 1) * (BAR - 1))
  return `[${'·'.repeat(at)}┃${'·'.repeat(BAR - 1 - at)}]`
}

function runLines({ runs }: MonitorModel): Line[] {
  const live = runs?.live ?? []
  if (live.length === 0) return runs ? [{ text: '  nothing is running' }] : []
  const lines = live.map(
    ({ run, status, category, goal }): Line => ({
      text: `  ${run.padEnd(16)} ${status.padEnd(9)} ${category}  ${goal === undefined ? '' : JSON.stringify(goal)}`,
    }),
  )
  return few(lines, MOST_RUNS)
}

function sensorLine({ sensor, health, status, age, value }: SensorView, colors: Colors): Line {
  const shown = value === undefined || value === null ? 'no reading yet' : JSON.stringify(value)
  const worth = status === 'stale' ? ` (stale, ${(age ?? 0).toFixed(1)} s)` : ''
  return {
    text: `  ${sensor.padEnd(16)} ${health.padEnd(8)} ${shown}${worth}`,
    ...(health !== 'ok' && { paint: colors.yellow }),
  }
}

function busLines(status: StatusView | undefined, colors: Colors): Line[] {
  return Object.entries(status?.buses ?? {}).map(([bus, { isOpen, exchanges, retries, timeouts, corrupt }]) => ({
    text: `  ${bus.padEnd(16)} ${isOpen === false ? 'LOST' : 'open'}  ${exchanges} exchanges, ${retries} retries, ${timeouts} timeouts, ${corrupt} corrupt`,
    ...(isOpen === false && { paint: colors.red }),
  }))
}
