import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoopHealth } from 'tendon'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watchdogOf } from '../../src/cli/service-watchdog.ts'
import { begin, ownFolders } from './command-line.ts'

const LONG = 60_000

/** A robot whose loops tick when the test says so. */
function ticking() {
  const loops: Record<string, LoopHealth> = {
    servos: { isRunning: true, ticks: 1, skipped: 0, heldBack: 0, misses: 0 },
    wheels: { isRunning: true, ticks: 1, skipped: 0, heldBack: 0, misses: 0 },
  }
  const set = (bus: string, change: Partial<LoopHealth>): void => {
    const loop = loops[bus]
    if (loop) loops[bus] = { ...loop, ...change }
  }
  return {
    robot: { loops: () => loops, limits: { idleRate: 10 } },
    tick: (bus: string) => set(bus, { ticks: (loops[bus]?.ticks ?? 0) + 1 }),
    set,
  }
}

describe('the watchdog of a service', () => {
  const env = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '4000000' }
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** Two minutes of a service; gives what it was told. */
  async function life(rig: ReturnType<typeof ticking>, seconds: number, each: (second: number) => void) {
    const told: string[] = []
    const watchdog = watchdogOf(rig.robot, { env, notify: async (state) => told.push(state) > 0 })
    for (let tenth = 1; tenth <= seconds * 10; tenth++) {
      each(tenth / 10)
      await vi.advanceTimersByTimeAsync(100)
    }
    watchdog.end()
    return told
  }

  it('says READY once, and pings at half the time that is allowed while every loop ticks', async () => {
    const rig = ticking()
    const told = await life(rig, 20, () => {
      rig.tick('servos')
      rig.tick('wheels')
    })
    expect(told[0]).toBe('READY=1')
    expect(new Set(told.slice(1))).toEqual(new Set(['WATCHDOG=1']))
    expect(told.length - 1).toBeGreaterThanOrEqual(8)
    expect(told.length - 1).toBeLessThanOrEqual(10)
  })

  it('pings no more from the second after one loop of two has stopped ticking', async () => {
    const rig = ticking()
    const at: number[] = []
    const watchdog = watchdogOf(rig.robot, {
      env,
      notify: async (state) => {
        if (state === 'WATCHDOG=1') at.push(performance.now())
        return true
      },
    })
    const begun = performance.now()
    for (let tenth = 1; tenth <= 200; tenth++) {
      rig.tick('servos')
      if (tenth <= 50) rig.tick('wheels')
      await vi.advanceTimersByTimeAsync(100)
    }
    watchdog.end()
    expect(at.length).toBeGreaterThanOrEqual(2)
    expect(Math.max(...at) - begun).toBeLessThanOrEqual(6000)
  })

  it('goes on pinging for a loop that rests because its bus is lost, and for a robot without any', async () => {
    const rig = ticking()
    rig.set('wheels', { isRunning: false })
    expect((await life(rig, 20, () => rig.tick('servos'))).length).toBeGreaterThanOrEqual(9)
    const bare = { ...ticking(), robot: { loops: () => ({}), limits: { idleRate: 10 } } }
    expect((await life(bare, 20, () => {})).length).toBeGreaterThanOrEqual(9)
  })

  it('has one message under way at a time, however long systemd does not take it', async () => {
    const rig = ticking()
    let calls = 0
    const watchdog = watchdogOf(rig.robot, {
      env,
      notify: () => {
        calls++
        return new Promise(() => {})
      },
    })
    for (let tenth = 0; tenth < 200; tenth++) {
      rig.tick('servos')
      rig.tick('wheels')
      await vi.advanceTimersByTimeAsync(100)
    }
    watchdog.stopping()
    watchdog.end()
    expect(calls).toBe(1)
  })

  it('tries again at the next look when a ping was not taken, and says once that nobody hears', async () => {
    const rig = ticking()
    let deaf = 0
    let pings = 0
    const watchdog = watchdogOf(rig.robot, {
      env,
      notify: async () => {
        pings++
        return false
      },
      onDeaf: () => deaf++,
    })
    for (let tenth = 0; tenth < 100; tenth++) {
      rig.tick('servos')
      rig.tick('wheels')
      await vi.advanceTimersByTimeAsync(100)
    }
    watchdog.end()
    expect([deaf, pings > 8]).toEqual([1, true])
  })

  it('says STOPPING, and leaves no timer after its end', async () => {
    const rig = ticking()
    const told: string[] = []
    const watchdog = watchdogOf(rig.robot, { env, notify: async (state) => told.push(state) > 0 })
    watchdog.stopping()
    await vi.advanceTimersByTimeAsync(0)
    expect(told).toEqual(['READY=1', 'STOPPING=1'])
    watchdog.end()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is nothing without systemd, and only READY where the watchdog is not for this process', async () => {
    const rig = ticking()
    const told: string[] = []
    const notify = async (state: string): Promise<boolean> => told.push(state) > 0
    watchdogOf(rig.robot, { env: { WATCHDOG_USEC: '4000000' }, notify })
    expect([told, vi.getTimerCount()]).toEqual([[], 0])
    watchdogOf(rig.robot, { env: { ...env, WATCHDOG_PID: '1' }, notify }).end()
    await vi.advanceTimersByTimeAsync(10_000)
    expect([told, vi.getTimerCount()]).toEqual([['READY=1'], 0])
  })
})

// The program as systemd would run it, with a systemd-notify that writes down what it is told.
describe('tendon run under systemd', { timeout: LONG }, () => {
  it('says READY when it is up, pings while it lives, and says STOPPING when it is told to end', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tendon-notify-'))
    const notes = join(folder, 'notes')
    writeFileSync(notes, '')
    writeFileSync(join(folder, 'systemd-notify'), `#!/bin/sh\necho "$*" >> '${notes}'\n`)
    chmodSync(join(folder, 'systemd-notify'), 0o755)
    const told = (): string[] => readFileSync(notes, 'utf8').trim().split('\n')
    const robot = begin(['run', 'test/cli/turret.ts', '--sim'], {
      ...ownFolders(),
      PATH: `${folder}:${process.env.PATH}`,
      NOTIFY_SOCKET: join(folder, 'socket'),
      WATCHDOG_USEC: '400000',
    })
    await robot.until(/is up/)
    await expect.poll(() => told().filter((line) => line === 'WATCHDOG=1').length, { timeout: LONG }).toBeGreaterThan(2)
    expect(told()[0]).toBe('READY=1')
    robot.child.kill('SIGTERM')
    const { code } = await robot.ended
    expect(code).toBe(143)
    expect(told()).toContain('STOPPING=1')
  })
})
