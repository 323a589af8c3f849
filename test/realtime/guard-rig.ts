import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { setPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'
import { systemClock, within } from '../../src/base/clock.ts'
import type { HardwareMap } from '../../src/device/hardware-map.ts'
import { feetech, sts3215 } from '../../src/drivers/feetech/index.ts'
import { simulated, simulationOf } from '../../src/sim/index.ts'
import { openPty } from '../../src/transports/pty.ts'
import { serial } from '../../src/transports/serial.ts'

/*
 * Robot programs in processes of their own, on real serial ports (ptys). This process holds the other ends with the
 * simulated servos, and stamps what arrives there: it is neither the runtime nor the guard.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Milliseconds on the monotonic clock of the machine, which all processes share. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** Gives this process a place in the queue for the processor, where the system lets it: lower is earlier, 0 is usual. */
export function place(niceness: number, pid?: number): void {
  try {
    setPriority(pid ?? 0, niceness)
  } catch {
    // Not without rights; then the stamps are as late as everything else here.
  }
}

/** The robot's program and the guard's as plain JavaScript, as an installed package has them: they start in no time. */
export async function bundle(): Promise<{ readonly program: string; remove(): void }> {
  // Inside of the checkout, because what is not bundled is looked for from there.
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.tendon-guard-'))
  await build({
    configFile: false,
    logLevel: 'warn',
    root: ROOT,
    resolve: { conditions: ['tendon-source'] },
    ssr: { noExternal: [/^tendon(\/|$)/], resolve: { conditions: ['tendon-source'] } },
    build: {
      ssr: true,
      target: 'node20',
      outDir: folder,
      minify: false,
      rollupOptions: {
        input: { robot: 'test/realtime/guard-robot.ts', main: 'src/guard/main.ts' },
        output: { entryFileNames: '[name].js', chunkFileNames: '[name].js' },
      },
    },
  })
  return { program: join(folder, 'robot.js'), remove: () => rmSync(folder, { recursive: true }) }
}

/** What comes of it; undefined when it takes longer than anything here may. */
function soon<T>(work: Promise<T>): Promise<T | undefined> {
  return within(systemClock, 20, work, () => undefined)
}

interface Hands {
  readonly hardware: HardwareMap
  withHardware(hardware: HardwareMap): Hands
}
const hands = (hardware: HardwareMap): Hands => ({ hardware, withHardware: hands })

/** The servos that the robot's program has, for this side of the wire. */
function servos() {
  const joint = (id: number) => ({
    position: [-2, 2] as const,
    velocity: 1,
    servo: sts3215('servos', id),
    stop: 'park' as const,
  })
  return simulationOf(
    simulated(
      hands({
        buses: { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) },
        joints: { pan: joint(1), lift: joint(2), elbow: joint(3) },
        sensors: {},
        calibration: {},
      }),
    ),
  )
}

/** A frame that only a stop sends, as it came: torque of each servo that it names, and where it freezes those with power. */
export interface StopFrame {
  readonly at: number
  /** By id; every servo of the bus where the frame is the broadcast. */
  readonly torque: Readonly<Record<number, number>> | 'all off'
  /** In raw steps, by id. */
  readonly position: Readonly<Record<number, number>>
}

/** One serial line: what arrived at its servos, with the time of arrival. */
export async function line() {
  const pty = await openPty()
  const sim = servos()
  const chunks: Chunk[] = []
  const listeners = new Set<() => void>()
  // First in the list, so that the time is taken before the servos do their work.
  pty.connection.onBytes((bytes) => chunks.push({ at: now(), bytes: bytes.slice() }))
  const detach = sim.attach('servos', pty.connection, { clock: systemClock })
  pty.connection.onBytes(() => {
    for (const listener of listeners) listener()
  })
  return {
    path: pty.path,
    sim,
    chunks,
    listeners,
    /** The stop frames that came after this time, oldest first. */
    stops: (after: number): StopFrame[] => stopsIn(chunks.filter(({ at }) => at >= after)),
    /** Everything that came after this time, in hexadecimal digits. */
    hex: (after: number): string =>
      Buffer.concat(chunks.filter(({ at }) => at >= after).map(({ bytes }) => bytes)).toString('hex'),
    unplug: () => pty.close(),
    close: async (): Promise<void> => {
      detach()
      await pty.close()
    },
  }
}
export type Line = Awaited<ReturnType<typeof line>>

interface Chunk {
  readonly at: number
  readonly bytes: Uint8Array
}

/** Sync writes that begin at the torque register, and the broadcast that switches everything off. */
function stopsIn(chunks: readonly Chunk[]): StopFrame[] {
  const found: StopFrame[] = []
  const bytes = Buffer.concat(chunks.map((chunk) => chunk.bytes))
  for (let i = bytes.indexOf('fffffe', 0, 'hex'); i >= 0; i = bytes.indexOf('fffffe', i + 1, 'hex')) {
    const [length = 0, instruction, address, size = 0] = bytes.subarray(i + 3)
    const end = i + 4 + length
    if (address !== 40 || end > bytes.length) continue
    const at = arrival(chunks, end - 1)
    if (instruction === 0x03 && size === 0) found.push({ at, torque: 'all off', position: {} })
    if (instruction !== 0x83) continue
    const torque: Record<number, number> = {}
    const position: Record<number, number> = {}
    for (let block = i + 7; block + size < end; block += 1 + size) {
      const [id = 0, on = 0, , low = 0, high = 0] = bytes.subarray(block)
      torque[id] = on
      position[id] = low + 256 * high
    }
    found.push({ at, torque, position })
  }
  return found
}

/** When the byte of this index came. */
function arrival(chunks: readonly Chunk[], index: number): number {
  let left = index
  for (const { at, bytes } of chunks) {
    if (left < bytes.length) return at
    left -= bytes.length
  }
  return Number.NaN
}

export interface Said {
  readonly event: string
  readonly at: number
  readonly code?: string
  readonly confirmed?: boolean
  readonly problems?: readonly string[]
}

/** One robot program on lines of its own. */
export async function robot(program: string, how: string, lines: readonly Line[], flags: readonly string[] = []) {
  const records = mkdtempSync(join(tmpdir(), 'tendon-guard-'))
  // The library behind the ptys lets their masters pass to children, and a cable is out only when nobody holds it.
  const nobody = openSync('/dev/null', 'r')
  // As many as this process may come to have: each pty leaves one descriptor behind.
  const closed = Array.from({ length: 900 }, () => nobody)
  const child: ChildProcess = spawn(
    process.execPath,
    [...flags, program, how, records, ...lines.map(({ path }) => path)],
    // A group of its own, for it alone may be killed as a group.
    { stdio: ['pipe', 'pipe', 'pipe', ...closed], detached: true },
  )
  closeSync(nobody)
  place(0, child.pid)
  const said: Said[] = []
  const errors: string[] = []
  child.stderr?.on('data', (text) => errors.push(String(text)))
  const output = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  output.on('line', (text) => {
    const what = JSON.parse(text) as Said
    said.push(what)
    output.emit(`said:${what.event}`)
  })
  let ended: { readonly at: number; readonly signal: NodeJS.Signals | null; readonly code: number | null } | undefined
  const exited = once(child, 'exit').then(([code, signal]) => {
    ended = { at: now(), code, signal }
    return ended
  })
  const all = (): string => `${JSON.stringify(said)}\n${errors.join('')}`
  const until = async (event: string): Promise<Said> => {
    const before = said.find((what) => what.event === event)
    if (before) return before
    const missing = (): void => {
      if (!said.some((what) => what.event === event)) throw new Error(`${how} did not say ${event}: ${all()}`)
    }
    await soon(Promise.race([once(output, `said:${event}`), once(output, 'said:not armed'), exited]))
    missing()
    return said.find((what) => what.event === event) as Said
  }
  return {
    pid: child.pid as number,
    said,
    until,
    /** Gives how it ended; undefined: it has not, within a time that is longer than everything here. */
    exited: () => soon(exited),
    tell: (line: string) => child.stdin?.write(`${line}\n`),
    /** Its guards, one for each line. */
    guards: () => childrenOf(child.pid as number),
    /** What the guard of each of its robots has left. */
    records: (): string[] =>
      readdirSync(records)
        .sort()
        .map((name) => readFileSync(join(records, name), 'utf8')),
    all,
    end: async (): Promise<void> => {
      if (!ended) child.kill('SIGKILL')
      output.close()
      await exited
      rmSync(records, { recursive: true, force: true })
    },
  }
}
export type RobotProgram = Awaited<ReturnType<typeof robot>>

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return stdout.split('\n').flatMap((row) => (row.trim() ? Number(row) : []))
}

export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** How late a process woke that waits and computes as guard and programs do, and does nothing else: in milliseconds. */
export interface Wake {
  /** For the byte that woke it. */
  readonly byte: number
  /** For the worst of the timers that it sets all the time, or in the little that it computes. */
  readonly timer: number
  /** The same since the round began. */
  readonly all: number
}

const TWIN = `
  const now = () => Number(process.hrtime.bigint()) / 1e6
  let worst = 0, all = 0, last = now(), ticks = 0
  const found = (late) => {
    worst = Math.max(worst, late)
    all = Math.max(all, late)
  }
  // Two milliseconds of computing, as often as a robot has a tick: how much longer did they take?
  const compute = () => {
    const began = now(), before = process.cpuUsage()
    let used = 0
    while (used < 2) {
      const { user, system } = process.cpuUsage(before)
      used = (user + system) / 1000
    }
    found(now() - began - used)
  }
  setInterval(() => {
    found(now() - last - 5)
    if (++ticks % 4 === 0) compute()
    last = now()
  }, 5)
  process.stdin.on('data', (text) => {
    const at = now()
    for (const sent of String(text).trim().split('\\n').map(Number)) {
      const byte = at - sent
      if (sent === 0) all = 0
      worst = 0
      setTimeout(() => {
        process.stdout.write(JSON.stringify({ sent, byte, timer: worst, all }) + '\\n')
      }, 120)
    }
  })`

/** The twin of guard and programs: it meets what the machine does to them in the same round. */
export function twin() {
  const child = spawn(process.execPath, ['-e', TWIN], { stdio: ['pipe', 'pipe', 'inherit'] })
  place(0, child.pid)
  const answers = createInterface({ input: child.stdout })
  /** Wakes it now; resolves some time later. */
  async function wake(): Promise<Wake> {
    const sent = now()
    child.stdin.write(`${sent}\n`)
    for (;;) {
      const [text] = (await once(answers, 'line')) as [string]
      const answer = JSON.parse(text) as Wake & { readonly sent: number }
      if (answer.sent === sent) return answer
    }
  }
  return { wake, roundBegins: () => child.stdin.write('0\n'), end: () => child.kill('SIGKILL') }
}

/** `<2: ######## 8` and so on. */
export function histogram(title: string, values: readonly number[], edges: readonly number[]): string {
  const rows = [...edges, Number.POSITIVE_INFINITY].map((edge, index) => {
    const from = edges[index - 1] ?? Number.NEGATIVE_INFINITY
    const count = values.filter((value) => value >= from && value < edge).length
    const name = edge === Number.POSITIVE_INFINITY ? `>= ${from} ms` : `< ${edge} ms`
    return `  ${name.padStart(10)} ${'#'.repeat(count)} ${count || ''}`
  })
  const sorted = [...values].sort((a, b) => a - b)
  const [least, median, most] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
  const shown = [least, median, most].map((value) => value?.toFixed(1)).join(' / ')
  return [`${title}: ${values.length} rounds, least / median / most ${shown} ms`, ...rows].join('\n')
}
