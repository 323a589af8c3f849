import { deg, type Handle, type Outcome, type RobotOf, type StopVerdict, toDegrees } from 'tendon'
import type { Simulation } from 'tendon/sim'
import { tipAt } from './kinematics.ts'
import { finger, folded, type Joint, joints } from './poses.ts'
import type arm from './robot.ts'

/** What the story is told on: `tendon sim wx200` brings it. */
export interface Stage {
  readonly robot: RobotOf<typeof arm>
  readonly sim: Simulation
  /** Shows a run until it has ended, and gives its outcome. */
  run<R>(handle: Handle<R, unknown>, label: string): Promise<Outcome<R>>
  /** The same for one that must succeed: its value. What goes wrong ends the story. */
  must<R>(handle: Handle<R, unknown>, label: string): Promise<R>
  say(line: string): void
  /** Arms, or ends the story with everything that stood against it. */
  arm(): Promise<void>
  verdict(found: StopVerdict, label: string): void
  /** Ends the story, with this sentence, when it is not so. */
  check(holds: boolean, sentence: string): void
}

/** The simulated arm is found as it is left: folded. */
export const initial = folded

/**
 * The life of an arm in half a minute. Whatever it prints was read from a register of the simulated servos; whatever it
 * claims is checked.
 */
export default async function story({
  robot,
  sim,
  stage,
}: {
  robot: Stage['robot']
  sim: Simulation
  stage: Stage
}): Promise<void> {
  const at = (joint: Joint): number => sim.servo(joint).position
  const tip = (): string => {
    const { x, y, z } = tipAt({
      waist: at('waist'),
      shoulder: at('shoulder'),
      elbow: at('elbow'),
      wrist_angle: at('wrist_angle'),
    })
    return `${(x * 100).toFixed(1)} cm ahead, ${(y * 100).toFixed(1)} cm to the left, ${(z * 100).toFixed(1)} cm up`
  }

  await stage.arm()
  stage.say('the shoulder has two servos: 2, and 3, which obeys its packets and has power of its own')
  stage.check(
    [2, 3].every((id) => sim.servo(id).read('torqueEnable') === 1),
    'one of the two servos of the shoulder has no power',
  )
  await stage.must(robot.home(), 'home')
  stage.say(`the tips of the fingers are ${tip()}`)

  await stage.must(robot.grip({ opening: 0.25 }), 'grip')
  const right = robot.joints.right_finger
  stage.check(
    right.status === 'fresh' && Math.abs(right.position - at('left_finger')) < 0.001,
    'the right finger does not say what the left one does',
  )
  if (right.status === 'fresh')
    stage.say(
      `left finger ${(at('left_finger') * 1000).toFixed(1)} mm, right finger ${(right.position * 1000).toFixed(1)} mm`,
    )
  await stage.must(robot.release(), 'release')
  stage.check(Math.abs(at('left_finger') - finger.open) < 0.001, 'the fingers are not open')

  await stage.must(robot.circle(), 'circle')
  stage.say(`back at the top of the circle: ${tip()}`)

  stage.say('a long move, stopped on the way')
  const cut = robot.moveTo({ waist: deg(120), elbow: deg(30) })
  const stopOnTheWay = async (): Promise<void> => {
    for await (const { fraction } of cut.feedback) if (fraction > 0.4) break
    stage.verdict(await robot.stop({ by: 'the story', reason: 'to show a stop in mid-motion' }), 'stop')
  }
  const [outcome] = await Promise.all([stage.run(cut, 'moveTo'), stopOnTheWay()])
  stage.check(outcome.status === 'canceled' && outcome.reason === 'safety', `the stopped move ended ${outcome.status}`)
  stage.check(
    sim.servos.every((servo) => servo.read('torqueEnable') === 0),
    'a torque register still says on after the stop',
  )
  stage.check(Math.abs(at('waist') - deg(120)) > deg(2), 'the move was over before the stop')
  robot.reset()
  await stage.arm()

  stage.say('to rest, and power off')
  stage.verdict(await robot.retire(), 'retire')
  stage.check(robot.state === 'disarmed' && robot.safety.state === 'disarmed', `the robot ended ${robot.safety.state}`)
  const off = joints.filter((joint) => joint !== 'left_finger' && Math.abs(at(joint) - folded[joint]) > deg(3))
  stage.check(off.length === 0, `the arm is not folded: ${off.map((joint) => `${joint} ${toDegrees(at(joint))}`)}`)
}
