import type { ConditionData } from './condition.ts'
import { checkKnown, type Report } from './faults.ts'
import { isName } from './names.ts'
import type { RobotDefinition } from './robot-definition.ts'
import type { RobotSpec } from './robot-model.ts'
import type { RuleData } from './rule.ts'

/** Reports everything that is wrong with the rules of a definition. */
export function checkRules(definition: RobotDefinition, report: Report): void {
  for (const [name, rule] of Object.entries(definition.ruleSpecs)) {
    const path = `rules.${name}`
    if (!isName(name)) report(path, `'${name}' is not a name.`, 'Use letters, digits and _, beginning with a letter.')
    checkReaction(path, rule, Object.keys(definition.commands), report)
    if (rule.cooldown !== undefined && !isDuration(rule.cooldown))
      report(`${path}.cooldown`, `${rule.cooldown} s is not a cooldown.`, 'Use a finite number of seconds, 0 or more.')
    checkCondition(`${path}.when`, rule.when?.condition, definition.model.spec, report)
  }
}

const isDuration = (value: number): boolean => value >= 0 && Number.isFinite(value)

function checkReaction(path: string, { run, call, goal }: RuleData, commands: readonly string[], report: Report): void {
  if (run === undefined && call === undefined) report(path, 'it does nothing.', 'Give it a run or a call.')
  if (run !== undefined && call !== undefined) report(path, 'it has a run and a call.', 'Leave one of them out.')
  if (run !== undefined) checkKnown(`${path}.run`, 'command', run, commands, report)
  else if (goal !== undefined) report(`${path}.goal`, 'only a command has a goal.', 'Leave it out, or name a run.')
}

function checkCondition(path: string, data: ConditionData | undefined, spec: RobotSpec, report: Report): void {
  const sensors = spec.sensors ?? {}
  if (!data) {
    report(path, 'it is no condition.', 'Use above, below, inside, outside, stale, health or matches.')
    return
  }
  checkKnown(path, 'sensor', data.sensor, Object.keys(sensors), report)
  if (!isDuration(data.forAtLeast))
    report(
      `${path}.forAtLeast`,
      `${data.forAtLeast} s is not a duration.`,
      'Use a finite number of seconds, 0 or more.',
    )
  if (data.kind === 'health') checkHealth(path, data, sensors, report)
  else if (data.kind === 'matches') {
    if (data.each && data.forAtLeast > 0)
      report(`${path}.each`, 'one reading does not last.', 'Leave out each, or forAtLeast.')
  } else checkNumbers(path, data, report)
}

function checkHealth(
  path: string,
  data: ConditionData & { kind: 'health' },
  sensors: NonNullable<RobotSpec['sensors']>,
  report: Report,
): void {
  if (data.is.length === 0) report(path, 'it names no health.', "Use 'unknown', 'ok', 'stale' or 'lost'.")
  for (const is of data.is) checkKnown(path, 'health', is, ['unknown', 'ok', 'stale', 'lost'], report)
  const spec = Object.hasOwn(sensors, data.sensor) ? sensors[data.sensor] : undefined
  if (spec && spec.maxAge === undefined && data.is.includes('stale'))
    report(
      path,
      `the sensor '${data.sensor}' has no maxAge, so it is never stale.`,
      `Give it a maxAge, or use health('${data.sensor}', 'lost').`,
    )
}

type NumberData = ConditionData & { kind: 'above' | 'below' | 'inside' | 'outside' }

function checkNumbers(path: string, data: NumberData, report: Report): void {
  const { hysteresis } = data
  if (typeof data.of !== 'function') report(path, 'it has no selector.', 'Give it a function of the value: (t) => t.')
  if (!isDuration(hysteresis))
    report(`${path}.hysteresis`, `${hysteresis} is not a distance.`, 'Use a finite number, 0 or more.')
  if ('limit' in data) {
    if (!Number.isFinite(data.limit)) report(path, `${data.limit} is not a threshold.`, 'Use a finite number.')
    return
  }
  const [from, to] = data.range
  if (!(from < to && Number.isFinite(to - from)))
    report(path, `[${from}, ${to}] is not a range.`, 'Use two finite numbers, the smaller one first.')
  else if (data.kind === 'outside' && 2 * hysteresis > to - from)
    report(
      `${path}.hysteresis`,
      `with ${hysteresis} on both sides nothing of [${from}, ${to}] is left, so that it would never fire again.`,
      `Use at most ${(to - from) / 2}.`,
    )
}
