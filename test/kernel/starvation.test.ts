import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

interface Report {
  /** Timers of 10 ms that ran while the body did. */
  readonly timers: number
  /** Milliseconds from the wish to stop to the verdict, as the process itself saw it. */
  readonly stop: number
  readonly outcome: string
}

const program = fileURLToPath(new URL('./starving-body.ts', import.meta.url))

/** Runs a body in a process of its own for 300 ms, then stops the robot. Undefined: it never came so far. */
function runBody(kind: string, patience: number): Promise<Report | undefined> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=tendon-source', '--import', 'tsx', program, kind]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.includes('started')) patient ??= setTimeout(() => child.kill('SIGKILL'), patience)
    })
    let patient: NodeJS.Timeout | undefined
    child.on('error', reject)
    child.on('exit', () => {
      clearTimeout(patient)
      const line = text.split('\n').find((found) => found.startsWith('{'))
      resolve(line === undefined ? undefined : (JSON.parse(line) as Report))
    })
  })
}

describe('a body that never waits for anything real', () => {
  it.each(['refused children', 'values of refused children', 'halts', 'sleeps of nothing', 'children of a generator'])(
    'delays neither timers nor a stop: a loop over %s',
    async (kind) => {
      const report = await runBody(kind, 10_000)
      expect(report?.timers).toBeGreaterThan(3)
      expect(report?.stop).toBeLessThan(500)
      expect(report?.outcome).toBe('canceled')
    },
    20_000,
  )

  it.each(['busy loop', 'microtasks of its own'])(
    'and yields nothing stalls its process, which is the guard’s matter: %s',
    async (kind) => {
      expect(await runBody(kind, 1500)).toBeUndefined()
    },
    20_000,
  )
})
