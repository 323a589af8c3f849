import type { RunRecording, Sample, Span } from './run-recording.ts'

/** Told apart by people who see colours differently, too (Okabe and Ito). */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#B8860B', '#3D3D3D']
const INK = '#24292f'
const QUIET = '#6e7781'
const GRID = '#e6e9ec'
const POWER = '#dff3e4'
const ARMED = '#1a7f37'
const STOP = '#c1121f'

const WIDTH = 960
const HEIGHT = 544
/** The plot of joint angles, and the lanes above it. */
const PLOT = { left: 62, right: 826, top: 190, bottom: 472 }
const LANES = { power: 86, motion: 122, sensing: 150 }
const LANE_HEIGHT = 22
const DEGREES = { min: -110, max: 110, step: 50 }
/** Of the font in the lanes, about. */
const CHARACTER = 6.2

/** Draws a run: who had power, what ran, where the joints were. Returns an SVG document. */
export function runPicture(run: RunRecording): string {
  const end = run.samples.at(-1)?.at ?? 1
  const x = (at: number): number => PLOT.left + ((PLOT.right - PLOT.left) * at) / end
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="12" fill="${INK}">`,
    '<title>Joint angles of the simulated SO-101 over one run of its story</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" rx="8" fill="#ffffff"/>`,
    ...heading(end),
    ...powerBands(run.samples, x),
    ...grid(end, x),
    ...lane(
      'motion',
      LANES.motion,
      run.spans.filter(({ command }) => command !== 'scan'),
      x,
    ),
    ...lane(
      'sensing',
      LANES.sensing,
      run.spans.filter(({ command }) => command === 'scan'),
      x,
    ),
    ...run.joints.map((_, joint) => curve(run.samples, joint, x)),
    ...jointLabels(run),
    ...run.safety.flatMap(({ at, state }) => safetyMark(x(at), state)),
    ...run.stops.flatMap(({ at }) => stopMark(x(at))),
    '</svg>',
    '',
  ].join('\n')
}

const text = (x: number, y: number, words: string, more = ''): string =>
  `<text x="${round(x)}" y="${round(y)}"${more && ' '}${more}>${words}</text>`

function heading(end: number): string[] {
  return [
    text(PLOT.left, 34, 'SO-101: one run of its story', 'font-size="18" font-weight="600"'),
    text(
      PLOT.left,
      56,
      `joint angles as their servos' position registers hold them, simulated, ${end.toFixed(1)} s`,
      `font-size="13" fill="${QUIET}"`,
    ),
  ]
}

/** Where any torque register was on: shaded from the lane down through the plot. */
function powerBands(samples: readonly Sample[], x: (at: number) => number): string[] {
  const label = laneLabel('power', LANES.power)
  return [
    label,
    ...bandsOf(samples).flatMap(({ from, to }) => {
      const [left, width] = [x(from), x(to) - x(from)]
      return [
        `<rect x="${round(left)}" y="${LANES.power}" width="${round(width)}" height="${PLOT.bottom - LANES.power}" fill="${POWER}" opacity="0.55"/>`,
        text(left + 6, LANES.power + 15, 'torque on', `fill="${ARMED}"`),
      ]
    }),
  ]
}

function bandsOf(samples: readonly Sample[]): { from: number; to: number }[] {
  const bands: { from: number; to: number }[] = []
  let since: number | undefined
  for (const { at, powered } of samples) {
    if (powered) since ??= at
    else if (since !== undefined) {
      bands.push({ from: since, to: at })
      since = undefined
    }
  }
  return bands
}

const laneLabel = (name: string, top: number): string =>
  text(PLOT.left - 8, top + 15, name, `text-anchor="end" fill="${QUIET}"`)

/** A bar for each run; a name that does not fit stands above its bar. */
function lane(name: string, top: number, spans: readonly Span[], x: (at: number) => number): string[] {
  return [
    laneLabel(name, top),
    ...spans.flatMap(({ command, from, to, ended }) => {
      const [left, width] = [x(from), Math.max(3, x(to) - x(from))]
      const fill = ended === 'succeeded' ? '#4f6d8f' : STOP
      const bar = `<rect x="${round(left)}" y="${top}" width="${round(width - 1.5)}" height="${LANE_HEIGHT}" rx="3" fill="${fill}"/>`
      const fits = command.length * CHARACTER + 4 < width
      return fits
        ? [bar, text(left + width / 2, top + 15, command, 'text-anchor="middle" font-size="11" fill="#ffffff"')]
        : [bar, text(left + width / 2, top - 4, command, 'text-anchor="middle" font-size="10"')]
    }),
  ]
}

function grid(end: number, x: (at: number) => number): string[] {
  const lines: string[] = []
  for (let angle = -100; angle <= DEGREES.max; angle += DEGREES.step) {
    const y = heightOf(angle)
    lines.push(`<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${round(y)}" y2="${round(y)}" stroke="${GRID}"/>`)
    lines.push(text(PLOT.left - 8, y + 4, `${angle}°`, `text-anchor="end" fill="${QUIET}"`))
  }
  for (let at = 0; at <= end; at += 2) {
    lines.push(
      `<line x1="${round(x(at))}" x2="${round(x(at))}" y1="${PLOT.bottom}" y2="${PLOT.bottom + 5}" stroke="${QUIET}"/>`,
      text(x(at), PLOT.bottom + 20, `${at} s`, `text-anchor="middle" fill="${QUIET}"`),
    )
  }
  lines.push(`<line x1="${PLOT.left}" x2="${PLOT.right}" y1="${PLOT.bottom}" y2="${PLOT.bottom}" stroke="${QUIET}"/>`)
  return lines
}

function curve(samples: readonly Sample[], joint: number, x: (at: number) => number): string {
  const points = cornersOf(samples, joint).map(({ at, degrees }) => `${round(x(at))},${round(heightOf(degrees))}`)
  return `<polyline points="${points.join(' ')}" fill="none" stroke="${COLOURS[joint]}" stroke-width="2" stroke-linejoin="round"/>`
}

/** Without the samples in the middle of a rest: they would only make the file long. */
function cornersOf(samples: readonly Sample[], joint: number): { at: number; degrees: number }[] {
  const all = samples.map(({ at, degrees }) => ({ at, degrees: degrees[joint] ?? 0 }))
  return all.filter(
    ({ degrees }, i) =>
      i === 0 || i === all.length - 1 || degrees !== all[i - 1]?.degrees || degrees !== all[i + 1]?.degrees,
  )
}

/** At the end of each curve, moved apart where they would overlap. */
function jointLabels({ joints, samples }: RunRecording): string[] {
  const last = samples.at(-1)?.degrees ?? []
  const labels = joints
    .map((joint, i) => ({ joint, y: heightOf(last[i] ?? 0), colour: COLOURS[i] ?? INK, degrees: last[i] ?? 0 }))
    .sort((a, b) => a.y - b.y)
  for (const [i, label] of labels.entries()) label.y = Math.max(label.y, (labels[i - 1]?.y ?? -Infinity) + 16)
  return labels.map(({ joint, y, colour, degrees }) =>
    text(
      PLOT.right + 8,
      y + 4,
      `${joint} ${degrees.toFixed(0).replace('-0', '0')}°`,
      `fill="${colour}" font-weight="600"`,
    ),
  )
}

/** Below the axis, on its own side of the instant, so that a disarm and the arming after it stand side by side. */
function safetyMark(x: number, state: 'armed' | 'disarmed'): string[] {
  const armed = state === 'armed'
  const y = PLOT.bottom + 34
  return [
    `<line x1="${round(x)}" x2="${round(x)}" y1="${y - 6}" y2="${y + 8}" stroke="${ARMED}"/>`,
    text(x + (armed ? 4 : -4), y + 6, state, `text-anchor="${armed ? 'start' : 'end'}" fill="${ARMED}"`),
  ]
}

/** The line passes behind the lane of motion, whose run it ends. */
function stopMark(x: number): string[] {
  const top = LANES.power - 6
  const line = (from: number, to: number): string =>
    `<line x1="${round(x)}" x2="${round(x)}" y1="${from}" y2="${to}" stroke="${STOP}" stroke-width="1.5" stroke-dasharray="5 3"/>`
  return [
    line(top, LANES.motion),
    line(LANES.motion + LANE_HEIGHT, PLOT.bottom),
    text(x, top - 5, 'stop', `text-anchor="middle" font-weight="600" fill="${STOP}"`),
  ]
}

const heightOf = (degrees: number): number =>
  PLOT.bottom - ((PLOT.bottom - PLOT.top) * (degrees - DEGREES.min)) / (DEGREES.max - DEGREES.min)

const round = (value: number): number => Math.round(value * 10) / 10
