import { badArgument } from '../../base/argument.ts'
import type { RadiansPerSecondSquared, Seconds } from '../../base/units.ts'
import type { ServoMode, ServoSpec } from '../../device/servo-bus.ts'
import { LARGEST_ID } from './frame.ts'
import { hasMode, MODELS, modelNamed, OPERATING_MODES, type OperatingMode, type ServoModel } from './models.ts'
import { wantedSettings } from './settings.ts'

/** The family name of Dynamixel servos with Protocol 2.0. */
export const DYNAMIXEL = 'dynamixel'

/**
 * What a joint may tell its servo: an angle within one turn, an angle over many turns, an angle with a limit of current,
 * or a speed. Current and PWM are goals too, and no joint of a definition has such goals: `DynamixelBus.registers` does.
 */
export type JointMode = 'position' | 'extended-position' | 'current-position' | 'velocity'
/** Models that measure no current cannot limit it. */
export type ModeWithoutCurrent = Exclude<JointMode, 'current-position'>

/** A servo that obeys another one's packets by its secondary id, on the same joint. */
export interface Shadow {
  readonly id: number
  /** It is mounted face to face with the servo that it follows, so that it must turn the other way. Default true. */
  readonly mirrored?: boolean | undefined
}

/** What a definition may ask of a servo beyond its place on the bus. */
export interface DynamixelOptions<Mode extends JointMode = JointMode> {
  /** Default `position`. Written to the servo at arming where it differs; survives power-off. */
  readonly mode?: Mode | undefined
  /** The servo counts the other way round (drive mode, bit 0). Default false; a joint's `direction` needs it not. */
  readonly reversed?: boolean | undefined
  /** Ids of servos that follow this one, each mounted as its mirror image unless it says otherwise. */
  readonly shadows?: readonly (number | Shadow)[] | undefined
  /** Acceleration of every motion (profile acceleration), in rad/s^2. Default 40. */
  readonly acceleration?: RadiansPerSecondSquared | undefined
  /** Most current that a motion may use, in amperes (goal current). Only with the mode `current-position`. */
  readonly current?: number | undefined
  /** Gains of the loops, as the registers count them, 0..16383. Default: what the servo sets for its mode. */
  readonly gains?: DynamixelGains | undefined
  /**
   * How long the servo goes on without hearing any packet while it has torque, 0.02 s to 2.54 s; then it stops by itself.
   * Default 0.3 s: three reads of joints that hold while the robot is disarmed (10 a second). `off`: it goes on for ever.
   */
  readonly watchdog?: Seconds | 'off' | undefined
}

export interface DynamixelGains {
  readonly position?: { readonly p?: number; readonly i?: number; readonly d?: number } | undefined
  readonly velocity?: { readonly p?: number; readonly i?: number } | undefined
  readonly feedforward?: { readonly first?: number; readonly second?: number } | undefined
}

/** What a servo of this mode takes as its setpoint. */
type ModeOf<Mode extends JointMode> = Mode extends 'velocity' ? 'velocity' : 'position'

/** A servo in a definition, with what it takes as its setpoint in its type. */
export type DynamixelServoSpec<Bus extends string, Mode extends JointMode> = ServoSpec<Bus> & {
  readonly mode: ModeOf<Mode>
}

/** Which one of the servos of a series it is. */
export interface VariantOption<Variant extends string> {
  readonly variant?: Variant | undefined
}

type MakeServo<Modes extends JointMode, Options = unknown> = <
  const Bus extends string,
  const Mode extends Modes = 'position' & Modes,
>(
  bus: Bus,
  id: number,
  options?: DynamixelOptions<Mode> & Options,
) => DynamixelServoSpec<Bus, Mode>

/**
 * A servo on the bus that the definition names `bus`, `id` 0..252. Throws `TENDON_ARGUMENT_INVALID` for an id that no
 * servo has, a mode that this model has not, and an option that no register can hold.
 */
function servoOf<Modes extends JointMode>(model: ServoModel): MakeServo<Modes> {
  return (bus, id, options = {}) => {
    const call = `${model.name.split('-')[0]?.toLowerCase()}()`
    const mode: JointMode = options.mode ?? 'position'
    checkId(call, 'id', id)
    checkMode(call, model, mode)
    const shadows = shadowsOf(options).map((shadow) => shadow.id)
    for (const shadow of shadows) checkId(call, 'shadows', shadow)
    if (new Set([id, ...shadows]).size !== shadows.length + 1)
      throw badArgument(call, 'shadows', shadows.join(', '), `ids that differ from each other and from ${id}`)
    wantedSettings(call, model, options)
    return {
      family: DYNAMIXEL,
      model: model.name,
      bus,
      id,
      ids: { min: 0, max: LARGEST_ID },
      mode: servoModeOf(mode) as never,
      ...(shadows.length > 0 && { shadows }),
      options: { ...options },
    }
  }
}

/** The same for a series: `variant` names the servo, and arming refuses another one, whose gear is another. */
function seriesOf<Modes extends JointMode, Variant extends string>(
  call: string,
  models: Readonly<Record<Variant, ServoModel>>,
  usual: Variant,
): MakeServo<Modes, VariantOption<Variant>> {
  return (bus, id, options) => {
    const variant = options?.variant ?? usual
    if (!Object.hasOwn(models, variant))
      throw badArgument(call, 'variant', variant, `one of ${Object.keys(models).join(', ')}`)
    return servoOf<Modes>(models[variant])(bus, id, options)
  }
}

/** An XL330: `variant` M288 (default) or M077. */
export const xl330 = seriesOf<JointMode, 'M288' | 'M077'>(
  'xl330()',
  { M288: MODELS['XL330-M288'], M077: MODELS['XL330-M077'] },
  'M288',
)
/** An XC330: `variant` T288 (default) or T181. */
export const xc330 = seriesOf<JointMode, 'T288' | 'T181'>(
  'xc330()',
  { T288: MODELS['XC330-T288'], T181: MODELS['XC330-T181'] },
  'T288',
)
/** An XL430-W250. */
export const xl430 = servoOf<ModeWithoutCurrent>(MODELS['XL430-W250'])
/** An XC430-W150. */
export const xc430 = servoOf<ModeWithoutCurrent>(MODELS['XC430-W150'])
/** An XM430-W350. */
export const xm430 = servoOf<JointMode>(MODELS['XM430-W350'])
/** An XM540-W270. */
export const xm540 = servoOf<JointMode>(MODELS['XM540-W270'])

/** The options that made this servo. */
export const optionsOf = (servo: ServoSpec): DynamixelOptions => servo.options as DynamixelOptions

/** Its goal, as register 11 has it. */
export const operatingModeOf = (servo: ServoSpec): OperatingMode => optionsOf(servo).mode ?? 'position'

/** The servos that follow it, written out. */
export const shadowsOf = ({ shadows = [] }: DynamixelOptions): readonly Required<Shadow>[] =>
  shadows.map((shadow) =>
    typeof shadow === 'number' ? { id: shadow, mirrored: true } : { id: shadow.id, mirrored: shadow.mirrored ?? true },
  )

/** Throws `TENDON_ARGUMENT_INVALID` for a servo of a model that nobody here knows. */
export function modelOf({ model }: ServoSpec): ServoModel {
  const known = modelNamed(model)
  if (!known) throw badArgument('dynamixel()', 'model', model, `one of ${Object.keys(MODELS).join(', ')}`)
  return known
}

const servoModeOf = (mode: JointMode): ServoMode => (mode === 'velocity' ? 'velocity' : 'position')

function checkId(call: string, argument: string, id: number): void {
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID)
    throw badArgument(call, argument, id, `a whole number from 0 to ${LARGEST_ID}`)
}

/** A definition without types may ask for anything. */
function checkMode(call: string, model: ServoModel, mode: OperatingMode): void {
  if (mode === 'current' || mode === 'pwm')
    throw badArgument(call, 'mode', mode, 'a mode of a joint: positions or speeds, or current-position with a limit')
  if (OPERATING_MODES[mode] === undefined || !hasMode(model, mode)) {
    const known = (['position', 'extended-position', 'current-position', 'velocity'] as const).filter((name) =>
      hasMode(model, name),
    )
    throw badArgument(call, 'mode', mode, `one that a ${model.name} has: ${known.join(', ')}`)
  }
}
