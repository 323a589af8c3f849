import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { defineRobot, systemClock } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { openPty, type Pty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { simulated, simulationOf } from 'tendon/sim'
import { describe, expect, it, onTestFinished } from 'vitest'

/*
 * A robot program on a real serial port, named by a link as udev makes it, with simulated servos behind a pty. Unplugging is
 * the end of the pty; plugging in again is a new one, at another path, to which the link then leads.
 */
const PROGRAM = fileURLToPath(new URL('./replug-program.ts', import.meta.url))
const NOTICED_MS = 250
const REPLUGS = 50

const wall = (): number => performance.timeOrigin + performance.now()
const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

/** What a frame of the host asks its servos to do: to go to their goals, anything of a stop, or neither. */
function kindOf(bytes: Uint8Array): 'goals' | 'stop' | 'other' {
  const [, , id, , instruction, address] = bytes
  if (instruction === 0x83 && address === 42) return 'goals'
  return (instruction === 0x83 || id === 0xfe) && (address === 40 || address === 41) ? 'stop' : 'other'
}

function servos() {
  const joint = (id: number) =>
    ({ servo: sts3215('servos', id), position: [-2, 2], velocity: 1, stop: 'park' }) as const
  const buses = { servos: feetech({ port: serial({ path: '/dev/null', baudRate: 1_000_000 }) }) }
  const joints = { pan: joint(1), lift: joint(2), elbow: joint(3) }
  return simulationOf(simulated(defineRobot('arm', { buses, joints }).with({})))
}

interface Said {
  readonly what: string
  /** Wall time in milliseconds. */
  readonly at: number
  readonly [fact: string]: unknown
}

async function world() {
  const folder = await mkdtemp(join(tmpdir(), 'tendon-replug-'))
  const link = join(folder, 'usb-adapter')
  // Before there is any pty: what this process holds of one must not be held by the program, too.
  const child = spawn(process.execPath, ['--conditions=tendon-source', '--import', 'tsx', PROGRAM, link], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const said: Said[] = []
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    const news = JSON.parse(line) as Said
    said.push(news)
    lines.emit('said')
  })
  /** The next line of this kind that nobody has taken yet. */
  const hears = async (what: string): Promise<Said> => {
    for (;;) {
      const index = said.findIndex((news) => news.what === what)
      if (index >= 0) return said.splice(index, 1)[0] as Said
      const gone = exited.then(() => {
        throw new Error(`the program ended before it said ${what}`)
      })
      await Promise.race([once(lines, 'said'), gone])
    }
  }
  const tell = (line: string): void => void child.stdin.write(`${line}\n`)
  const sim = servos()
  const frames: ReturnType<typeof kindOf>[] = []
  sim.tap(({ from, bytes }) => {
    if (from === 'host') frames.push(kindOf(bytes))
  })
  let pty: Pty | undefined
  let detach = (): void => {}
  /** Gives the moment at which the line broke. */
  const unplug = async (): Promise<number> => {
    await rm(link, { force: true })
    detach()
    const at = wall()
    await pty?.close()
    return at
  }
  const plug = async (): Promise<void> => {
    pty = await openPty()
    detach = sim.attach('servos', pty.connection, { clock: systemClock })
    // As udev does it: the link is there whole, or not at all.
    await symlink(pty.path, `${link}.new`)
    await rename(`${link}.new`, link)
  }
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
    await unplug()
    await rm(folder, { recursive: true, force: true })
  })
  await plug()
  tell('start')
  await hears('started')
  return { sim, frames, said, hears, tell, plug, unplug, exited }
}

describe('an adapter that is unplugged in mid-motion', () => {
  it(`is noticed within ${NOTICED_MS} ms, ${REPLUGS} times; each time it is found again, stopped first, verified, and can be armed`, {
    timeout: 300_000,
  }, async () => {
    const { sim, frames, said, hears, tell, plug, unplug, exited } = await world()
    const noticed: number[] = []
    for (let time = 0; time < REPLUGS; time++) {
      tell('arm')
      expect(await hears('armed')).toMatchObject({ ok: true, why: [] })
      tell(time % 2 ? '-60' : '60')
      await pause(0.1 + (time % 5) * 0.02)
      const pulled = await unplug()
      const fault = await hears('fault')
      expect(fault).toMatchObject({ code: 'TENDON_HARDWARE_LOST' })
      noticed.push(fault.at - pulled)
      expect(await hears('moved')).toMatchObject({ status: 'failed', code: 'TENDON_HARDWARE_LOST' })
      expect(await hears('verdict')).toMatchObject({ confirmed: false })
      // What is asked for while the cable is out must never be heard.
      tell('100')
      expect(await hears('moved')).toMatchObject({ status: 'refused' })
      await pause((time % 4) * 0.05)
      frames.length = 0
      await plug()
      expect(await hears('verdict')).toMatchObject({ confirmed: true })
      expect(frames.find((what) => what !== 'other')).toBe('stop')
      expect(frames).not.toContain('goals')
      expect(sim.servos.filter(({ powered }) => powered)).toEqual([])
      tell('acknowledge')
      expect(await hears('acknowledged')).toMatchObject({ ok: true, state: 'disarmed' })
      // Events are told in a later turn than the answer.
      await hears('verdict')
      said.length = 0
    }
    expect(Math.max(...noticed)).toBeLessThan(NOTICED_MS)
    tell('close')
    expect(await hears('closed')).toMatchObject({ ok: true })
    expect((await exited)[0]).toBe(0)
  })

  it('ends the program too when the robot is closed while the cable is out: nothing of the reopening is left', async () => {
    const { hears, tell, unplug, exited } = await world()
    tell('arm')
    expect(await hears('armed')).toMatchObject({ ok: true, why: [] })
    await unplug()
    await hears('fault')
    await pause(0.3)
    tell('close')
    expect(await hears('closed')).toMatchObject({ ok: false })
    expect((await exited)[0]).toBe(0)
  })
})
