import { deg, type Handle, type Outcome, type RobotOf, type StopVerdict, seconds, toDegrees } from 'tendon'
import type { Simulation } from 'tendon/sim'
import { folded, joints } from './poses.ts'
import type arm from './robot.ts'

/** What the story is told on: `tendon sim so101` brings it. */
export interface Stage {
  readonly robot: RobotOf<typeof arm>
  readonly sim: Simulation
  /** Shows a run until it has ended, and gives its outcome. */
  run<R>(handle: Handle<R, unknown>, label: string): Promise<Outcome<R>>
  /** The same for one that must succeed: its value. What goes wrong ends the story. */
  must<R>(handle: Handle<R, unknown>, label: string): Promise<R>
  say(line: string): void
  /** Something in the world speaks, through the broker behind the robot's links. */
  publish(topic: string, value: unknown): Promise<void>
  /** Arms, or ends the story with everything that stood against it. */
  arm(): Promise<void>
  verdict(found: StopVerdict, label: string): void
  /** Ends the story, with this sentence, when it is not so. */
  check(holds: boolean, sentence: string): void
}

/** The simulated arm is found as it is left: folded. */
export const initial = folded

const far = { shoulder_pan: deg(80), shoulder_lift: deg(40), elbow_flex: deg(-50) } as const

/**
 * The life of an arm in a quarter of a minute. Whatever it prints was read from a register of the simulated servos or
 * came in an event; whatever it claims is checked.
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
  const degrees = (joint: (typeof joints)[number]): number => toDegrees(sim.servo(joint).position)
  const pose = (): string => joints.map((joint) => `${joint} ${degrees(joint).toFixed(1)}`).join(', ')

  await stage.arm()
  await stage.must(robot.home(), 'home')
  await stage.must(robot.moveTo({ shoulder_pan: deg(30), elbow_flex: deg(20) }), 'moveTo')

  stage.say('waving, and reading the compass beside it')
  const [headings] = await Promise.all([
    stage.must(robot.scan({ seconds: seconds(3) }), 'scan'),
    stage.must(robot.wave({ times: 1 }), 'wave'),
  ])
  stage.check(headings.readings > 0 && headings.mean !== undefined, 'the compass said nothing while it was scanned')
  stage.say(`compass: ${headings.readings} headings, mean ${toDegrees(headings.mean ?? Number.NaN).toFixed(1)} deg`)
  const room = robot.sensors.room.next()
  await stage.publish('room/temperature', 22.5)
  stage.say(`the room, over MQTT: ${(await room).value} degrees Celsius`)
  const gripped = await stage.must(robot.grip({ opening: 0.7 }), 'grip')
  stage.say(`the jaws are ${(gripped.opening * 100).toFixed(0)} % open`)

  stage.say('a long move, stopped on the way')
  const cut = robot.moveTo(far)
  const stopOnTheWay = async (): Promise<void> => {
    for await (const { fraction } of cut.feedback) if (fraction > 0.4) break
    stage.verdict(await robot.stop({ by: 'the story', reason: 'to show a stop in mid-motion' }), 'stop')
  }
  const [outcome] = await Promise.all([stage.run(cut, 'moveTo'), stopOnTheWay()])
  stage.check(outcome.status === 'canceled' && outcome.reason === 'safety', `the stopped move ended ${outcome.status}`)
  stage.check(
    joints.every((joint) => sim.servo(joint).read('torqueEnable') === 0),
    'a torque register still says on after the stop',
  )
  stage.check(Math.abs(degrees('shoulder_pan') - toDegrees(far.shoulder_pan)) > 2, 'the move was over before the stop')
  stage.say(`it stands at: ${pose()}`)

  const refused = await robot.home().result()
  stage.check(refused.status === 'refused', 'a command was not refused after the stop')
  if (refused.status === 'refused') stage.say(`home is refused: ${refused.error.what}`)
  robot.reset()
  await stage.arm()
  await stage.must(robot.moveTo(far), 'moveTo')
  stage.say(`it stands at: ${pose()}`)

  stage.say('to rest, and power off')
  stage.verdict(await robot.retire(), 'retire')
  stage.check(robot.state === 'disarmed' && robot.safety.state === 'disarmed', `the robot ended ${robot.safety.state}`)
  stage.check(
    joints.every((joint) => Math.abs(sim.servo(joint).position - folded[joint]) < deg(3)),
    'the arm is not folded',
  )
  stage.check(Object.keys(robot.sensors.heading.counts().bad).length === 0, 'the compass sent bad sentences')
}
