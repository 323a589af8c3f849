import type { EventLog, RobotEvent } from 'tendon'

/**
 * Shows every event once: those of the start, before anybody could listen, and those that are still to be told. Returns
 * what ends it.
 */
export function eachEventOnce(log: Pick<EventLog, 'entries' | 'onAny'>, show: (event: RobotEvent) => void): () => void {
  let shown = 0
  const once = (event: RobotEvent): void => {
    if (event.seq <= shown) return
    shown = event.seq
    show(event)
  }
  log.entries().forEach(once)
  return log.onAny(once)
}
