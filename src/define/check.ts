import { isFromParam } from '../base/from-param.ts'
import { TendonError } from '../base/problem.ts'
import type { DefinitionFault } from '../base/problems/definition.ts'
import { problem } from '../base/problems/index.ts'
import { looksAsync } from '../base/schema.ts'
import { linkOf } from '../device/link.ts'
import { checkJoints } from './check-joints.ts'
import { checkFromParam, checkParameters, optionRanges } from './check-parameters.ts'
import { checkRules } from './check-rules.ts'
import type { Command, CommandData } from './command.ts'
import { checkKnown, type Report } from './faults.ts'
import { checkLimits, defaultLimits } from './limits.ts'
import { isName, isReserved } from './names.ts'
import type { RobotDefinition } from './robot-definition.ts'
import type { RobotSpec } from './robot-model.ts'

/** Categories that every robot has without declaring them. `default` may be declared, to change it. */
const builtinCategories = ['default', 'script', 'halt', 'lifecycle'] as const

/** Throws one `TENDON_DEFINITION_INVALID` with everything that is wrong, or returns. Opens nothing. */
export function checkDefinition(definition: RobotDefinition): void {
  const faults: DefinitionFault[] = []
  const report: Report = (path, what, fix) => faults.push({ path, what, fix })
  const spec = definition.model.spec
  checkName('name', definition.name, report, /^[A-Za-z][\w-]*$/)
  checkStates(spec, report)
  checkCategories(spec, report)
  checkJoints(spec, definition.hardware, report)
  checkParameters(spec, report)
  checkServices(spec, report)
  checkLinks(definition, report)
  for (const kind of ['buses', 'links', 'sensors', 'stopInputs'] as const)
    for (const name of Object.keys(spec[kind] ?? {})) checkName(`${kind}.${name}`, name, report)
  for (const [name, { maxAge }] of Object.entries(definition.hardware.sensors))
    if (maxAge !== undefined && !(maxAge > 0))
      report(`sensors.${name}.maxAge`, `${maxAge} s is not an age.`, 'Use a number of seconds above 0.')
  checkResources(spec.resources ?? [], report)
  if (spec.guard !== undefined && spec.guard !== 'none')
    report('guard', `'${String(spec.guard)}' is no way to be guarded.`, "Leave it out, or write 'none' to do without.")
  checkCommands(definition, report)
  checkRules(definition, report)
  for (const [name, what] of checkLimits({ ...defaultLimits, ...spec.limits }))
    report(`limits.${name}`, what, `Leave limits.${name} out for its default.`)
  if (faults.length > 0) throw new TendonError(problem('TENDON_DEFINITION_INVALID', { robot: definition.name, faults }))
}

function checkName(path: string, name: string, report: Report, pattern?: RegExp): void {
  if (pattern ? !pattern.test(name) : !isName(name))
    report(path, `'${name}' is not a name.`, 'Use letters, digits and _, beginning with a letter.')
}

function checkStates(spec: RobotSpec, report: Report): void {
  const states = Object.keys(spec.states ?? {})
  for (const state of states) {
    checkName(`states.${state}`, state, report)
    if (state === 'idle' || state === 'disarmed')
      report(`states.${state}`, `every robot has the state '${state}' already.`, 'Leave it out.')
  }
  if (spec.initial !== undefined) checkKnown('initial', 'state', spec.initial, ['idle', ...states], report)
}

function checkCategories(spec: RobotSpec, report: Report): void {
  for (const [name, category] of Object.entries(spec.categories ?? {})) {
    const path = `categories.${name}`
    checkName(path, name, report)
    if (name !== 'default' && (builtinCategories as readonly string[]).includes(name))
      report(path, `'${name}' is a category of the runtime.`, 'Choose another name.')
    for (const bound of ['limit', 'queueLength'] as const)
      if (category[bound] !== undefined && !(Number.isInteger(category[bound]) && category[bound] > 0))
        report(`${path}.${bound}`, `${category[bound]} is not a number of runs.`, 'Use a whole number above 0.')
    if (category.queueTimeout !== undefined && !(category.queueTimeout > 0))
      report(`${path}.queueTimeout`, `${category.queueTimeout} s is not a wait.`, 'Use a number of seconds above 0.')
  }
}

function checkResources(resources: readonly string[], report: Report): void {
  for (const [index, name] of resources.entries()) {
    checkName(`resources.${name}`, name, report)
    if (resources.indexOf(name) < index) report(`resources.${name}`, 'it is named twice.', 'Name it once.')
  }
}

function checkServices(spec: RobotSpec, report: Report): void {
  const seen = new Set<string>()
  for (const service of spec.services ?? []) {
    const path = `services.${service.name}`
    checkName(path, service.name, report)
    if (seen.has(service.name)) report(path, 'two services have this name.', 'Rename one of them.')
    seen.add(service.name)
  }
}

function checkLinks({ hardware }: RobotDefinition, report: Report): void {
  const links = Object.keys(hardware.links ?? {})
  for (const [name, sensor] of Object.entries(hardware.sensors)) {
    const link = linkOf(sensor)
    if (link !== undefined && links.length === 0)
      report(`sensors.${name}.link`, `there is no link '${link}'.`, `Declare it: links: { ${link}: mqtt({ url }) }.`)
    else if (link !== undefined) checkKnown(`sensors.${name}.link`, 'link', link, links, report)
  }
}

function checkCommands(definition: RobotDefinition, report: Report): void {
  const spec = definition.model.spec
  for (const [name, command] of Object.entries(definition.commands)) {
    const path = `commands.${name}`
    checkName(path, name, report)
    if (isReserved(name)) report(path, `a robot has '${name}' itself.`, 'Choose another name.')
    checkCommand(path, command, spec, report, new Set())
  }
  const all = Object.values(definition.commands)
  for (const role of ['restCommand', 'selfCheckCommand'] as const) {
    const command = definition[role]
    if (command && !all.includes(command))
      report(role, 'it is not one of the commands.', 'Name it in .with({ ... }) too.')
  }
}

function checkCommand(path: string, command: Command, spec: RobotSpec, report: Report, above: Set<Command>): void {
  const data = command.spec
  const states = ['idle', ...Object.keys(spec.states ?? {})]
  const categories = [...Object.keys(spec.categories ?? {}), ...builtinCategories]
  for (const state of data.allowed ?? []) checkKnown(`${path}.allowed`, 'state', state, [...states, 'disarmed'], report)
  if (data.allowed?.length === 0) report(`${path}.allowed`, 'it is allowed nowhere.', "Leave it out for ['idle'].")
  if (data.during !== undefined) checkKnown(`${path}.during`, 'state', data.during, states, report)
  if (data.category !== undefined) checkKnown(`${path}.category`, 'category', data.category, categories, report)
  if (Array.isArray(data.cancels))
    for (const name of data.cancels) checkKnown(`${path}.cancels`, 'category', name, categories, report)
  checkClaims(path, data, spec, report)
  checkNumbers(path, data, report)
  for (const option of ['deadline', 'grace', 'priority', 'speed'] as const) {
    const value = data[option]
    if (isFromParam(value))
      checkFromParam(`${path}.${option}`, value, optionRanges[option], spec.parameters ?? {}, report)
  }
  if (data.goal && looksAsync(data.goal))
    report(`${path}.goal`, 'the schema validates asynchronously (goal_schema_async).', 'Make it synchronous.')
  checkUses(path, command, spec, report, above)
}

function checkClaims(path: string, data: CommandData, spec: RobotSpec, report: Report): void {
  const known = [...Object.keys(spec.joints ?? {}), ...(spec.resources ?? [])]
  if (Array.isArray(data.claims))
    for (const claim of data.claims) checkKnown(`${path}.claims`, 'joint or resource', claim, known, report)
  const claimsJoints =
    (data.goal !== undefined && 'jointGoal' in data.goal && data.claims === undefined) ||
    typeof data.claims === 'function' ||
    (Array.isArray(data.claims) && data.claims.some((claim) => Object.hasOwn(spec.joints ?? {}, claim)))
  if (data.onSafety === 'continue' && claimsJoints)
    report(
      `${path}.onSafety`,
      'a run with joints cannot go on after a stop.',
      "Leave out onSafety: 'continue', or the claims.",
    )
}

function checkNumbers(path: string, data: CommandData, report: Report): void {
  const { deadline, grace, priority, speed } = data
  if (deadline !== undefined && deadline !== 'none' && !isFromParam(deadline) && !(deadline > 0))
    report(`${path}.deadline`, `${deadline} s is not a deadline.`, "Use a number of seconds above 0, or 'none'.")
  if (grace !== undefined && !isFromParam(grace) && !(grace >= 0 && Number.isFinite(grace)))
    report(`${path}.grace`, `${grace} s is not a grace period.`, 'Use a finite number of seconds, 0 or more.')
  if (priority !== undefined && !isFromParam(priority) && !Number.isFinite(priority))
    report(`${path}.priority`, `${priority} is not a priority.`, 'Use a finite number.')
  if (speed !== undefined && !isFromParam(speed) && !(speed > 0 && speed <= 1))
    report(`${path}.speed`, `${speed} is not a share of the joint’s velocity.`, 'Use a number above 0, at most 1.')
}

function checkUses(path: string, command: Command, spec: RobotSpec, report: Report, above: Set<Command>): void {
  if (above.has(command)) return
  const inner = new Set(above).add(command)
  for (const [name, used] of Object.entries(command.spec.uses ?? {}))
    checkCommand(`${path}.uses.${name}`, used, spec, report, inner)
}
