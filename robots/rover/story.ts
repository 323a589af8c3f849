import { deg, type Handle, type Outcome, type RobotOf, type StopVerdict, toDegrees } from 'tendon'
import type { Simulation } from 'tendon/sim'
import type rover from './robot.ts'
import { wheels } from './wheels.ts'
import world from './world.ts'

/** What the story is told on: `tendon sim rover` brings it. */
export interface Stage {
  readonly robot: RobotOf<typeof rover>
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

/** How far a wheel turns in one look at it, at most, that counts as standing: one step of its encoder. */
const STANDS = (2 * Math.PI) / 4096

/**
 * The life of a rover in half a minute. Whatever it prints was read from the simulated servos, the IMU or the battery;
 * whatever it claims is checked.
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
  /** Waits for so many words of the IMU, which speaks twenty times a second. */
  const words = async (count: number, each: () => void = () => {}): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await robot.sensors.imu.next()
      each()
    }
  }
  const where = (): string => {
    const { x, y, yaw } = world.pose
    return `${x.toFixed(2)} m ahead, ${y.toFixed(2)} m to the left, looking ${toDegrees(yaw).toFixed(0)} degrees`
  }
  const angles = (): number[] => wheels.map((wheel) => sim.servo(wheel).angle)
  const stands = async (): Promise<boolean> => {
    const before = angles()
    await words(2)
    return angles().every((angle, i) => Math.abs(angle - (before[i] ?? Number.NaN)) <= STANDS)
  }

  await stage.arm()

  stage.say('driving: speeds are sent twenty times a second')
  const drive = robot.drive()
  const driven = stage.run(drive, 'drive')
  await words(40, () => drive.send({ linear: 0.12, angular: 0.3 }))
  stage.check(!(await stands()), 'the wheels do not turn while they are driven')
  stage.say(`it is ${where()}`)
  stage.say('the speeds stop coming: their time to live is 0.3 s, then the wheels brake')
  await words(22)
  stage.check(await stands(), 'the wheels turn on without orders')
  stage.say(`it stands ${where()}`)
  await drive.cancel()
  const outcome = await driven
  stage.check(outcome.status === 'canceled' && outcome.reason === 'requested', `the drive ended ${outcome.status}`)

  const { yaw } = await stage.must(robot.turnTo({ yaw: deg(90) }), 'turnTo')
  stage.say(`the IMU says ${toDegrees(yaw).toFixed(1)} degrees`)

  world.dock = { x: world.pose.x, y: world.pose.y + 0.3 }
  stage.say('to the dock, 0.30 m ahead')
  const { metres } = await stage.must(robot.dock(), 'dock')
  const battery = robot.sensors.battery.latest()
  stage.check(battery.status === 'fresh' && battery.reading.value.charging, 'the battery does not charge in the dock')
  if (battery.status === 'fresh')
    stage.say(`docked after ${metres.toFixed(2)} m; the battery charges at ${battery.reading.value.volts.toFixed(2)} V`)

  stage.say('somebody lifts it while it drives')
  const lifted = robot.drive()
  const lost = stage.run(lifted, 'drive')
  await words(10, () => lifted.send({ linear: -0.12, angular: 0 }))
  world.lean = { pitch: deg(-40), roll: 0 }
  const ended = await lost
  stage.check(
    ended.status === 'canceled' && ended.reason === 'safety',
    `the lifted rover’s drive ended ${ended.status}`,
  )
  await robot.whenState('disarmed')
  // The verdict comes when every servo has been read back: the stop that is under way is joined, and tells.
  stage.verdict(await robot.disarm(), 'stop by the rule tipping')
  stage.check(
    wheels.every((wheel) => sim.servo(wheel).read('torqueEnable') === 0),
    'a torque register still says on after the stop',
  )

  stage.say('back on its wheels: reset, arm, and off it goes again')
  world.lean = { pitch: 0, roll: 0 }
  await words(4)
  robot.reset()
  await stage.arm()
  await stage.must(robot.turnTo({ yaw: 0 }), 'turnTo')

  stage.say('to rest, and power off')
  stage.verdict(await robot.retire(), 'retire')
  stage.check(robot.state === 'disarmed' && robot.safety.state === 'disarmed', `the robot ended ${robot.safety.state}`)
}
