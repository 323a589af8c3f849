import { above, below, deg, minutes, seconds } from 'tendon'
import { dock } from './commands/dock.ts'
import { drive } from './commands/drive.ts'
import { halt } from './commands/halt.ts'
import { turnTo } from './commands/turn-to.ts'
import { rover } from './model.ts'
import { tilt } from './readings.ts'

/** The rover with everything it can do; `retire()` brakes before it takes the power away. */
export default rover
  .with({ drive, turnTo, dock, halt })
  .rest(halt)
  .rules({
    tipping: {
      doc: 'A rover that leans this far falls over, or somebody has picked it up: wheels off.',
      when: above('imu', tilt, deg(25), { hysteresis: deg(10), forAtLeast: seconds(0.1) }),
      call: ({ robot, reason }) => robot.stop({ by: 'the rule tipping', reason }),
    },
    hungry: {
      doc: 'Drives into the dock by itself; the way to it must be straight ahead.',
      when: below('battery', ({ charge }) => charge, 0.2, { hysteresis: 0.1 }),
      run: 'dock',
      cooldown: minutes(1),
    },
  })
