import { toDegrees } from 'tendon/device'
import { theRobot } from '../control/find.ts'
import type { JointView, RepliesView, SensorView, StatusView } from '../control/protocol.ts'
import { callerOutput, type Output } from '../output.ts'
import { table } from '../table.ts'
import { given, type Perform } from '../verb.ts'

const BAR = 24

/** How a running robot is. */
export const status: Perform = async (call) => {
  const output = callerOutput(call)
  const client = await theRobot(given(call, 'robot'))
  try {
    const view = await client.call<StatusView>('status')
    output.show({ type: 'status', ...view }, statusText(output, view))
    return 0
  } finally {
    client.close()
  }
}

function statusText(output: Output, view: StatusView): string {
  const { joints, sensors, buses, replies } = view
  return [
    head(output, view),
    ...(joints.length > 0 ? [`joints:\n${table(joints.map((joint) => jointRow(output, joint)))}`] : []),
    ...(sensors.length > 0 ? [`sensors:\n${table(sensors.map(sensorRow))}`] : []),
    ...Object.entries(buses).map(([bus, health]) => busText(output, bus, health)),
    ...(replies.length > 0 ? [`replies:\n${table(replies.map(repliesRow))}`] : []),
  ].join('\n')
}

function head({ colors }: Output, { robot, pid, simulated, safety, state, latch, runs }: StatusView): string {
  const paint = safety === 'fault' ? colors.red : safety === 'armed' ? colors.yellow : colors.green
  const stopped = latch ? colors.red(`; stopped by ${latch.by}: ${latch.reason} (tendon reset)`) : ''
  const live = runs === 0 ? 'nothing is running' : `${runs} run${runs === 1 ? '' : 's'}`
  return `${robot} (${simulated ? 'simulated' : 'hardware'}, process ${pid}): ${paint(safety)}, state ${state}, ${live}${stopped}`
}

function jointRow({ terminal, colors }: Output, { joint, reading, age, limits, slides, policy }: JointView): string[] {
  if (reading.status === 'unknown') return [joint, 'unknown', '', '', policy ?? 'passive']
  const shown = (position: number, digits: number): string =>
    slides ? (position * 1000).toFixed(digits) : toDegrees(position).toFixed(digits)
  const [min, max] = limits ?? []
  const worth = reading.status === 'stale' ? `stale, ${(age ?? 0).toFixed(1)} s old` : ''
  return [
    joint,
    `${shown(reading.position, 1).padStart(7)} ${slides ? 'mm' : 'deg'}`,
    min === undefined || max === undefined
      ? `turns, ${shown(reading.velocity, 0)} deg/s`
      : terminal
        ? colors.dim(bar((reading.position - min) / (max - min)))
        : `${shown(min, 0)}..${shown(max, 0)}`,
    `load ${(reading.load * 100).toFixed(0).padStart(3)} %`,
    policy ?? 'passive',
    worth,
  ]
}

function busText(
  { colors }: Output,
  bus: string,
  { isOpen, servos: _, ...counts }: StatusView['buses'][string],
): string {
  const link = isOpen ? '' : `${colors.red('LOST, is opened again by itself')}; `
  return `bus ${bus}: ${link}${Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')}`
}

const repliesRow = ({ bus, servo, joint, asked, lost, late, streak, quiet }: RepliesView): string[] => [
  joint,
  `${bus} ${servo}`,
  `${lost} of ${asked} lost (${asked === 0 ? 0 : ((100 * lost) / asked).toFixed(1)} %)`,
  `${late} late`,
  `${streak} in a row`,
  quiet === undefined ? 'has never answered' : `answered ${quiet.toFixed(1)} s ago`,
]

/** Where in its range a joint is. */
function bar(share: number): string {
  const at = Math.round(Math.min(Math.max(share, 0), 1) * (BAR - 1))
  return `[${'·'.repeat(at)}┃${'·'.repeat(BAR - 1 - at)}]`
}

const sensorRow = ({ sensor, kind, health, status: worth, age, value, readings, bad }: SensorView): string[] => [
  sensor,
  kind,
  health,
  age === undefined ? 'no reading yet' : `${worth}, ${age.toFixed(1)} s old`,
  `${readings} readings, ${bad} bad`,
  value === undefined ? '' : JSON.stringify(value).slice(0, 60),
]
