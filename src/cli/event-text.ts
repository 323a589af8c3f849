import type { Problem, RobotEvent } from 'tendon'

/** One event as a line for people: when, what, to whom. */
export function eventText(event: RobotEvent): string {
  return `${event.at.toFixed(2).padStart(10)}  ${said(event)}`
}

function said(event: RobotEvent): string {
  switch (event.type) {
    case 'refused':
      return `${event.run} refused: ${event.problem.code}: ${event.problem.what}`
    case 'queued':
      return `${event.run} waits in ${event.category}`
    case 'started':
      return `${event.run} started${event.goal === undefined ? '' : ` ${JSON.stringify(event.goal)}`}${event.parent ? ` by ${event.parent}` : ''}`
    case 'interrupted':
      return `${event.run} is told to end: ${event.reason}`
    case 'cut_off':
      return `${event.run} did not end, and was cut off`
    case 'ended':
      return ended(event)
    case 'transition':
      return `state ${event.from} -> ${event.to} (${event.by})`
    case 'safety':
      return `safety ${event.from} -> ${event.to} (${event.by}: ${event.reason})`
    case 'latched':
      return `STOPPED by ${event.by}: ${event.reason}`
    case 'reset':
      return `reset by ${event.by}`
    case 'arm_refused':
      return `not armed: ${event.problems.map(({ what }) => what).join(' ')}`
    case 'verdict':
      return `verdict: ${event.confirmed ? 'confirmed' : 'NOT CONFIRMED'}, ${event.joints.map(({ joint, verdict }) => `${joint} ${verdict.replace('_', ' ')}`).join(', ')}`
    case 'fault':
      return `FAULT: ${event.problem.code}: ${event.problem.what}`
    case 'note':
      return noted(event)
    default: {
      const { type, seq: _seq, at: _at, ...rest } = event
      return `${type} ${JSON.stringify(rest)}`
    }
  }
}

/** What a note is about where it has a problem of its own, such as what a guard did; otherwise its facts. */
function noted({ what, facts }: Extract<RobotEvent, { type: 'note' }>): string {
  const { problem } = facts as { problem?: Partial<Problem> }
  if (problem?.code) return `note ${what}: ${problem.code}: ${problem.what} ${problem.fix}`
  return `note ${what} ${JSON.stringify(facts)}`
}

function ended(event: Extract<RobotEvent, { type: 'ended' }>): string {
  const why = event.reason ? ` (${event.reason})` : ''
  const what = event.problem ? `: ${event.problem.code}: ${event.problem.what}` : ''
  return `${event.run} ${event.status}${why}${what}${event.stopConfirmed ? '' : ', NOT confirmed standing still'}`
}
