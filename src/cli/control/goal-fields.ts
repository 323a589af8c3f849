import { type RobotDefinition, toDegrees } from 'tendon'
import { nearNames, oneOf } from 'tendon/device'
import { dimensionOf, unitsOf } from '../quantity.ts'
import type { FieldView } from './protocol.ts'

type AnyCommand = RobotDefinition['commands'][string]
type Schema = NonNullable<AnyCommand['spec']['goal']>

/** What a goal is made of, as far as its schema says. */
export interface GoalShape {
  readonly fields: readonly FieldView[] | undefined
  readonly open: boolean
}

/** The part of JSON Schema that goals use. */
interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly JsonSchema[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly default?: unknown
  readonly description?: string
  /** Not of JSON Schema: what `.meta({ unit: 's' })` of zod leaves there. */
  readonly unit?: unknown
}

/** The fields of a command's goal: joints and their limits, or what the schema's own JSON Schema says. */
export function goalShape(definition: RobotDefinition, goal: Schema): GoalShape {
  if ('jointGoal' in goal) return { fields: jointFields(definition), open: false }
  const schema = jsonSchemaOf(goal)
  if (!schema?.properties) return { fields: undefined, open: true }
  return { fields: fieldsOf(schema, ''), open: isOpen(schema) }
}

function jointFields({ hardware }: RobotDefinition): FieldView[] {
  // A joint that turns at speeds has no position to go to, and no limits of one.
  const joints = Object.entries(hardware.joints).filter(([, { servo }]) => servo?.mode !== 'velocity')
  return joints.map(([name, { position, type }]) => ({
    name,
    type: 'number',
    unit: type === 'prismatic' ? 'm' : 'rad',
    min: position[0],
    max: position[1],
    required: false,
    doc: type === 'prismatic' ? `${inMillimetres(position)} mm` : `${inDegrees(position)} deg`,
  }))
}

const inDegrees = ([min, max]: readonly [number, number]): string =>
  `${toDegrees(min).toFixed(0)} to ${toDegrees(max).toFixed(0)}`
const inMillimetres = ([min, max]: readonly [number, number]): string => `${min * 1000} to ${max * 1000}`

/** What callers may pass, by the second interface of Standard Schema; undefined where the library has none. */
function jsonSchemaOf(schema: Schema): JsonSchema | undefined {
  const { jsonSchema } = schema['~standard'] as { jsonSchema?: { input(options: object): unknown } }
  try {
    return jsonSchema?.input({ target: 'draft-2020-12' }) as JsonSchema | undefined
  } catch {
    // A schema with a transform that has no JSON form: its fields are not known, and it still validates.
    return undefined
  }
}

/** zod's plain objects leave unknown fields out in silence; only one that says so takes them. */
const isOpen = ({ additionalProperties }: JsonSchema): boolean =>
  additionalProperties !== undefined && additionalProperties !== false

function fieldsOf(schema: JsonSchema, prefix: string): FieldView[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = `${prefix}${key}`
    if (field.type === 'object' && field.properties) return fieldsOf(field, `${name}.`)
    return [fieldOf(name, field, schema.required?.includes(key) ?? false)]
  })
}

function fieldOf(name: string, field: JsonSchema, required: boolean): FieldView {
  const { unit, description, default: otherwise } = field
  const min = bound(field.minimum ?? field.exclusiveMinimum)
  const max = bound(field.maximum ?? field.exclusiveMaximum)
  return {
    name,
    type: typeOf(field),
    ...(typeof unit === 'string' && { unit }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(otherwise !== undefined && { default: otherwise }),
    required,
    ...(description !== undefined && { doc: description }),
  }
}

/** zod says of each integer that it is a safe one, which tells a person nothing. */
const bound = (value: number | undefined): number | undefined =>
  value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value

function typeOf({ type, enum: choices, const: only, anyOf }: JsonSchema): string {
  if (choices) return choices.map((choice) => JSON.stringify(choice)).join(' | ')
  if (only !== undefined) return JSON.stringify(only)
  if (anyOf) return anyOf.map(typeOf).join(' | ')
  return typeof type === 'string' ? type : (type?.join(' | ') ?? '?')
}

/**
 * What is wrong with a goal that the schema itself does not tell: fields that it does not know, which many schemas drop
 * in silence, and values in a unit of another kind. `units` says in which unit each value was written.
 */
export function strayFields(
  { fields, open }: GoalShape,
  goal: unknown,
  units: Readonly<Record<string, string>>,
): { path: string[]; message: string }[] {
  if (!fields || typeof goal !== 'object' || goal === null) return []
  const known = fields.map(({ name }) => name)
  return leavesOf(goal, '', known).flatMap((name) => {
    const field = fields.find((candidate) => candidate.name === name || name.startsWith(`${candidate.name}.`))
    if (!field) return open ? [] : [{ path: name.split('.'), message: unknownField(name, known) }]
    const wrong = wrongUnit(field, units[name])
    return wrong === undefined ? [] : [{ path: name.split('.'), message: wrong }]
  })
}

/** The names of what a goal holds, as deep as its schema names fields. */
function leavesOf(goal: object, prefix: string, known: readonly string[]): string[] {
  return Object.entries(goal).flatMap(([key, value]) => {
    const name = `${prefix}${key}`
    const deeper = known.some((other) => other.startsWith(`${name}.`))
    return deeper && typeof value === 'object' && value !== null ? leavesOf(value, `${name}.`, known) : [name]
  })
}

function unknownField(name: string, known: readonly string[]): string {
  const near = nearNames(name, known)
  return `is not a field of it; ${near.length > 0 ? `did you mean ${oneOf(near)}?` : `it has ${oneOf(known)}`}`
}

function wrongUnit({ unit }: FieldView, written: string | undefined): string | undefined {
  const wanted = unit && dimensionOf(unit)
  if (!wanted || written === undefined || dimensionOf(written) === wanted) return undefined
  return `is measured in ${oneOf(unitsOf(wanted))}, not in ${written}`
}
