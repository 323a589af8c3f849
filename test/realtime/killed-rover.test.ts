import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { defineRobot } from 'tendon'
import { feetech, sts3215 } from 'tendon/feetech'
import { openPty } from 'tendon/pty'
import { serial } from 'tendon/serial'
import { simulated, simulationOf } from 'tendon/sim'
import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'

// A servo in velocity mode has no watchdog: it turns on for ever when nobody speaks to it. By when the first frame must
// be there is the matter of guard.test.ts; here it is what the frames do to wheels.

const PROGRAM = fileURLToPath(new URL('rover-program.ts', import.meta.url))
/** Longer than any machine takes for the stop, the park cap and the off frames. */
const PATIENCE_MS = 10_000

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** Two simulated wheels behind a pty, and a rover's program in a process of its own that drives them. */
async function driving() {
  const records = mkdtempSync(join(tmpdir(), 'tendon-rover-'))
  ends.push(() => rmSync(records, { recursive: true }))
  const pty = await openPty()
  ends.push(() => pty.close())
  const turning = { velocity: 4.5, stop: 'park' } as const
  const port = serial({ path: '/dev/null', baudRate: 1_000_000 })
  const model = defineRobot('wheels', {
    buses: { wheels: feetech({ port }) },
    joints: {
      left_wheel: { ...turning, servo: sts3215('wheels', 1, { mode: 'velocity' }) },
      right_wheel: { ...turning, servo: sts3215('wheels', 2, { mode: 'velocity' }) },
    },
  })
  const sim = simulationOf(simulated(model.with({})))
  ends.push(sim.attach('wheels', pty.connection, { clock: systemClock }))
  const flags = ['--import', 'tsx', '--conditions=tendon-source']
  const child: ChildProcess = spawn(process.execPath, [...flags, PROGRAM, pty.path, records], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  ends.push(() => child.kill('SIGKILL'))
  await Promise.race([
    once(child.stdout as NodeJS.ReadableStream, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the rover's program ended with ${code}`)
    }),
  ])
  return { child, sim }
}

async function eventually(holds: () => boolean): Promise<boolean> {
  const until = performance.now() + PATIENCE_MS
  while (!holds() && performance.now() < until) await wait(5)
  return holds()
}

it('the wheels of a rover whose program was killed in mid-drive stand, told speed 0, and then have no power', async () => {
  const { child, sim } = await driving()
  const speeds = (): number[] => sim.servos.map(({ velocity }) => Math.abs(velocity))
  expect(await eventually(() => Math.min(...speeds()) > 2)).toBe(true)
  child.kill('SIGKILL')
  expect(await eventually(() => sim.servos.every((servo) => servo.read('goalVelocity') === 0))).toBe(true)
  expect(await eventually(() => Math.max(...speeds()) < 0.01)).toBe(true)
  expect(await eventually(() => sim.servos.every((servo) => servo.read('torqueEnable') === 0))).toBe(true)
})
