import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { Guard, Will } from '../../src/guard/contract.ts'
import { type ProcessGuardOptions, processGuard } from '../../src/guard/process-guard.ts'

/*
 * Real guards, over a file in the place of a line. Nothing here lets one fire: it would end the process of these tests.
 * What they do then is in test/realtime/guard.test.ts.
 */
const LONG = 60_000
const will: Will = {
  halt: Uint8Array.of(0xff, 0x01),
  off: Uint8Array.of(0xff, 0x02),
  offAfter: 1,
  repeat: 3,
  gap: 0.003,
}

const ends: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function posted(options: ProcessGuardOptions = {}): { readonly guard: Guard; readonly path: string } {
  const path = join(mkdtempSync(join(tmpdir(), 'tendon-guard-')), 'line')
  const descriptor = openSync(path, 'w')
  ends.push(() => closeSync(descriptor))
  const line = { robot: 'arm', bus: 'servos', port: path, descriptor }
  const guard = processGuard(options).post(line, { clock: systemClock })
  ends.push(() => guard.standDown())
  return { guard, path }
}

/** The processes that have this file open. */
function holders(path: string): number[] {
  const script = 'for p in /proc/[0-9]*; do ls -l $p/fd 2>/dev/null | grep -q " $1$" && basename $p; done; true'
  const out = execFileSync('sh', ['-c', script, 'sh', path], { encoding: 'utf8' })
  return out.split('\n').filter(Boolean).map(Number)
}

describe('a guard as a process', { timeout: LONG }, () => {
  test('comes up, answers, and stands down: then it holds the line no more and has written nothing', async () => {
    const before = process.listenerCount('exit')
    const { guard, path } = posted()
    await guard.ready
    expect(process.listenerCount('exit')).toBe(before + 1)
    expect(await guard.answers()).toBe(true)
    expect(holders(path)).toHaveLength(2)
    expect(guard.beat(will, 60)).toBe(true)
    await guard.standDown()
    expect(holders(path)).toEqual([process.pid])
    expect(readFileSync(path)).toHaveLength(0)
    expect(process.listenerCount('exit')).toBe(before)
  })

  test('has a process group of its own, which signals to ours do not reach, and ignores what is sent to it', async () => {
    const { guard, path } = posted()
    await guard.ready
    const pid = holders(path).find((holder) => holder !== process.pid) as number
    const [group] = execFileSync('ps', ['-o', 'pgid=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
    expect(Number(group)).toBe(pid)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.kill(pid, signal)
    expect(await guard.answers()).toBe(true)
  })

  test('that is killed is told once, with how it ended', async () => {
    const { guard, path } = posted()
    await guard.ready
    const lost = new Promise((resolve) => guard.onLost(resolve))
    process.kill(holders(path).find((holder) => holder !== process.pid) as number, 'SIGKILL')
    expect(await lost).toBe('it ended (SIGKILL)')
    expect(guard.beat(will, 60)).toBe(false)
    expect(await guard.answers()).toBe(false)
  })

  test('that is stopped takes ten beats at most, so that its pipe never fills, and is ended', async () => {
    const { guard, path } = posted()
    await guard.ready
    const lost = new Promise((resolve) => guard.onLost(resolve))
    process.kill(holders(path).find((holder) => holder !== process.pid) as number, 'SIGSTOP')
    let taken = 0
    while (taken < 1000 && guard.beat(will, 60)) taken++
    expect(taken).toBe(10)
    expect(await lost).toBe('it ended (SIGKILL)')
  })

  test('told to stand down before it is up is gone too', async () => {
    const { guard, path } = posted()
    await guard.standDown()
    expect(holders(path)).toEqual([process.pid])
    await expect(guard.ready).rejects.toThrow('stand down')
  })

  test('does not take over what the environment says of Node, such as an inspector that waits', async () => {
    const before = process.env.NODE_OPTIONS
    process.env.NODE_OPTIONS = '--require /no/such/module'
    try {
      const { guard } = posted()
      await guard.ready
    } finally {
      if (before === undefined) delete process.env.NODE_OPTIONS
      else process.env.NODE_OPTIONS = before
    }
  })

  test.each([
    ['a program that is not there', new URL('file:///no/such/guard.js'), /ended \(exit code 1\)/],
    [
      'a program that is no guard',
      pathToFileURL(execFileSync('which', ['true'], { encoding: 'utf8' }).trim()),
      /ended/,
    ],
  ])('from %s does not come up, and says so', async (_what, program, reason) => {
    const { guard } = posted({ program })
    await expect(guard.ready).rejects.toThrow(reason)
  })

  test('over a descriptor that is not open does not come up', async () => {
    const line = { robot: 'arm', bus: 'servos', port: 'none', descriptor: 987 }
    const guard = processGuard().post(line, { clock: systemClock })
    await expect(guard.ready).rejects.toThrow()
    await guard.standDown()
  })
})
