import { Interrupted } from '../base/outcome.ts'
import { describe } from '../base/problem.ts'

/** The part of `process` that the handlers use: passed in, so that they can be tried without ending a test. */
export interface ProcessPort {
  on(event: string, listener: (...args: unknown[]) => void): unknown
  off(event: string, listener: (...args: unknown[]) => void): unknown
  exit(code: number): unknown
  readonly stderr: { write(text: string): unknown }
}

/** What the handlers do to the robot. */
export interface Stoppable {
  /** To the rest pose, disarm, close. */
  retireAndClose(): Promise<boolean>
  /** Stop bytes now; resolves to whether every servo was confirmed. */
  stopNow(reason: string): Promise<boolean>
}

/** Exit codes: as shells have them for signals; 70 (EX_SOFTWARE) for a crash; 75 when power is not confirmed off. */
const exitCodes = { interrupted: 130, terminated: 143, crashed: 70, notConfirmed: 75 } as const

/**
 * Ctrl-C and SIGTERM retire the robot and then exit; a second one stops it now. After an uncaught error nothing goes
 * on: stop bytes first, then exit. That a run was told to end is no error, whoever has overlooked it. Returns what takes the handlers away again.
 */
export function installProcessHandlers(port: ProcessPort, robot: Stoppable): () => void {
  let leaving = false
  const exitAfter = (ended: Promise<boolean>, code: number): void => {
    const exit = (confirmed: boolean): unknown => port.exit(confirmed ? code : exitCodes.notConfirmed)
    void ended.then(exit, () => exit(false))
  }
  const onSignal = (code: number) => (): void => {
    const again = leaving
    leaving = true
    exitAfter(again ? robot.stopNow('second interrupt') : robot.retireAndClose(), code)
  }
  const onCrash = (error: unknown): void => {
    // Bytes before words: writing to a closed terminal may throw.
    const stopped = robot.stopNow('uncaught error')
    leaving = true
    exitAfter(stopped, exitCodes.crashed)
    try {
      const text = error instanceof Error ? error.stack : describe(error)
      port.stderr.write(`uncaught error, the robot was stopped: ${text}\n`)
    } catch {
      // A throw here would end the process before the stop has left the port.
    }
  }
  // What a body derives from one of its waits (`sleep(1).then(...)`) and awaits nowhere rejects when its run is told to
  // end. The waits themselves are taken care of, those promises cannot be; they are no crash.
  const onRejection = (reason: unknown): void => {
    if (!(reason instanceof Interrupted)) onCrash(reason)
  }
  const handlers: [string, (...args: unknown[]) => void][] = [
    ['SIGINT', onSignal(exitCodes.interrupted)],
    ['SIGTERM', onSignal(exitCodes.terminated)],
    ['uncaughtException', onCrash],
    ['unhandledRejection', onRejection],
  ]
  for (const [event, handler] of handlers) port.on(event, handler)
  return () => {
    for (const [event, handler] of handlers) port.off(event, handler)
  }
}
