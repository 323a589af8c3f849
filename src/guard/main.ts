import { closeSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setPriority } from 'node:os'
import { carryOut, type WillReport } from './last-will.ts'
import { encode, MessageDecoder, VERSION } from './messages.ts'
import { leaveRecord } from './record.ts'
import { Watch } from './watch.ts'

/*
 * The guard: a process that outlives the runtime by the time that a stop takes. It knows no servo and loads nothing of
 * Tendon but what stands beside it, so that it starts fast and stays small. Descriptor 3 is the pipe to the runtime, 4
 * is the line.
 */

const PIPE = 3
const LINE = 4
/**
 * How long a killed program may take to be gone before the frames are written all the same. A thread of it that runs
 * just then runs no longer than the signal takes to reach it; that the system takes it apart is not waited for.
 */
const DEATH = 0.001
const parent = process.ppid

// Whoever ends the whole group, or closes the terminal, must not end the guard with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGPIPE', 'SIGTSTP'] as const)
  process.on(signal, () => {})

// It runs a few microseconds at a time; where the system lets it go first, a busy machine does not make it late.
attempt(() => setPriority(-20))

const watch = new Watch()
const decoder = new MessageDecoder()
const pipe = new Socket({ fd: PIPE, readable: true, writable: true })
let timer: NodeJS.Timeout | undefined

pipe.on('data', (chunk: Uint8Array) => {
  for (const message of decoder.push(chunk)) {
    const order = watch.take(message)
    if (order === 'leave') process.exit(0)
    if (order === 'end' || order === 'refuse') ended()
    if (order === 'greet') pipe.write(encode({ type: 'hello', version: VERSION }))
    if (order === 'answer' && 'seq' in message) pipe.write(encode({ type: 'taken', seq: message.seq }))
  }
  if (decoder.isBroken) ended()
  look()
})
pipe.on('end', ended)
pipe.on('close', ended)
pipe.on('error', ended)

/** Monotonic, with the same zero in every process of the machine. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e9
}

/** Waits until the next beat is due. */
function look(): void {
  clearTimeout(timer)
  if (watch.due === Number.POSITIVE_INFINITY) return
  timer = setTimeout(
    () => {
      if (now() < watch.due) look()
      // One turn later: a beat that is in the pipe already was in time, and it is this process that is late.
      else setImmediate(() => (now() < watch.due ? look() : fire('stalled')))
    },
    Math.max(0, Math.ceil((watch.due - now()) * 1000)),
  )
}

/** The program is gone, or talks nonsense. */
function ended(): void {
  if (watch.pending) fire('ended')
  else process.exit(0)
}

function fire(why: 'stalled' | 'ended'): never {
  const will = watch.pending
  if (will) {
    const tools = { write: (bytes: Uint8Array) => writeSync(LINE, bytes), sleep, silence, isGone }
    const report = carryOut(will, tools, (half) => leave(why, half))
    leave(why, report)
    // The line is free again before anything is said to a terminal, which may keep a writer waiting.
    attempt(() => closeSync(LINE))
    attempt(() => writeSync(2, sentence(why, report)))
  }
  process.exit(0)
}

function sleep(seconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, seconds * 1000)
}

/** Never anybody else's process: a parent that has gone is not the parent any more. */
function silence(): void {
  if (!isGone(0)) attempt(() => process.kill(parent, 'SIGKILL'))
  isGone(DEATH)
}

function isGone(patience: number): boolean {
  const end = now() + patience
  while (process.ppid === parent && now() < end) sleep(0.0002)
  return process.ppid !== parent
}

function leave(why: 'stalled' | 'ended', report: WillReport): void {
  const { settings } = watch
  if (settings?.records === undefined) return
  const { robot, bus, port, records } = settings
  const record = { robot, bus, port, at: Date.now(), why, pid: parent, ...report }
  attempt(() => leaveRecord(records, record))
}

function sentence(why: 'stalled' | 'ended', { gone, wrote }: WillReport): string {
  const { robot, bus, port } = watch.settings ?? { robot: '?', bus: '?', port: '?' }
  const cause =
    why === 'stalled'
      ? `TENDON_LOOP_STALLED: the control loop of ${robot} stood still; process ${parent} ${gone ? 'was killed' : 'COULD NOT BE KILLED'}`
      : `TENDON_HOST_ENDED: process ${parent} ended while joints of ${robot} had power`
  const deeds = wrote.map(({ frame, copies, trouble }) => `${frame} x${copies}${trouble ? ` (${trouble})` : ''}`)
  return `tendon guard: ${cause}; wrote to ${port} (bus ${bus}): ${deeds.join(', ')}. Nobody has read it back.\n`
}

function attempt(deed: () => void): void {
  try {
    deed()
  } catch {
    // There is nobody left to tell, and the next thing must be done all the same.
  }
}
