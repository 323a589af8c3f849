import { theRobot } from '../control/find.ts'
import { exitCodes } from '../exit-codes.ts'
import { frameOf } from '../monitor/frame.ts'
import { FullScreen } from '../monitor/full-screen.ts'
import { RobotWatch } from '../monitor/watch.ts'
import { callerOutput, type Output } from '../output.ts'
import { UsageError } from '../usage-error.ts'
import type { Perform } from '../verb.ts'

/** A running robot on the whole terminal; with `--json` its state once a second and its events as they come. */
export const monitor: Perform = async (call) => {
  const output = callerOutput(call)
  const [name] = call.args
  if (output.json) return printed(output, name)
  if (!output.terminal || !process.stdin.isTTY)
    throw new UsageError('tendon monitor needs a terminal.', 'tendon status --json, or: tendon events --follow')
  return drawn(output, name)
}

/** Between two drawings at the least, in milliseconds. */
const REDRAW = 100

async function drawn(output: Output, name: string | undefined): Promise<number> {
  const client = await theRobot(name)
  let leave = (): void => {}
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  let isDue = true
  const watch = new RobotWatch(client, {
    changed: () => {
      isDue = true
    },
  })
  const draw = (): void => screen.draw(frameOf(watch.model, screen.size, output))
  const screen = new FullScreen({ stop: () => void watch.stop(), leave }, draw)
  const timer = setInterval(() => {
    if (isDue || watch.model.contact.state === 'lost') draw()
    isDue = false
  }, REDRAW)
  try {
    await left
    return exitCodes.done
  } finally {
    clearInterval(timer)
    watch.close()
    screen.close()
  }
}

/** Looks that make a second. */
const LOOKS_A_LINE = 10

async function printed(output: Output, name: string | undefined): Promise<number> {
  const client = await theRobot(name)
  let looks = 0
  return new Promise<number>((resolve) => {
    const end = (code: number): void => {
      watch.close()
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      resolve(code)
    }
    const onSignal = (): void => end(exitCodes.done)
    const watch = new RobotWatch(client, {
      status: (status) => {
        if (looks++ % LOOKS_A_LINE === 0) output.data({ type: 'status', ...status })
      },
      event: (event) => output.data(event),
      changed: () => {
        const { contact } = watch.model
        if (contact.state === 'live') return
        output.data({ type: 'lost', what: contact.what, fix: contact.fix })
        end(exitCodes.unavailable)
      },
    })
    process.on('SIGINT', onSignal)
    process.on('SIGTERM', onSignal)
  })
}
