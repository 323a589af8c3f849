import type { ConformanceCheck } from './conformance.ts'
import * as links from './driver-link-checks.ts'
import * as readings from './driver-reading-checks.ts'
import { DriverRig, type DriverSubject } from './driver-rig.ts'
import * as stops from './driver-stop-checks.ts'

export type { DriverSubject } from './driver-rig.ts'

/**
 * What every driver of servos must prove of the contract `ServoBus`, against its simulated servos on a virtual clock:
 * readings are complete, or say who is missing; a disturbed line costs retries within a budget and never a wrong value;
 * a stop is on the wire before the call returns, whatever is under way, and overtakes everything that moves or powers;
 * power is confirmed servo by servo; a closed or lost link ends everything and leaves no timer. `make` gives new servos
 * for each check. A subject without an absent servo is spared the checks of silent ones.
 */
export function driverConformance(make: () => DriverSubject): ConformanceCheck[] {
  const check = (
    name: string,
    run: (rig: DriverRig) => Promise<void>,
    { absent = false, open = true }: { absent?: boolean; open?: boolean } = {},
  ): ConformanceCheck => ({
    name,
    run: async () => {
      const rig = new DriverRig(make(), absent)
      if (open) await rig.open()
      await run(rig)
      await rig.close()
    },
  })
  const silent = [
    check('a silent servo is missing from a reading, and hides no other', readings.leavesOutTheSilent, {
      absent: true,
    }),
    check('a silent servo is named by its joint', readings.namesTheSilent, { absent: true }),
    check('power is confirmed servo by servo, and a silent one stops no other', stops.confirmsPowerOneByOne, {
      absent: true,
    }),
  ]
  return [
    check('a reading has every servo, with finite values and the time of its reply', readings.readsAll),
    check('a lost reply is asked for again, and the reading is complete', readings.retriesLostReplies),
    check('a garbled reply is never taken for a value, and is asked for again', readings.retriesGarbledReplies),
    check('a line without any good reply is given up within a budget, and counted', readings.givesUpWithinABudget),
    check('inspect says what the servo is and how it is, and configure takes it', readings.inspects),
    check('a setpoint that is no number is refused, and nothing is written', readings.refusesNonsense),
    check('setpoints that wait for their turn are replaced by newer ones', readings.newestSetpointWins),
    check('a servo that gets power stays where it stands', stops.powersWhereItStands),
    check('a stop is handed to the port before the call returns', stops.stopsAtOnce),
    check('a stop takes power wherever in an exchange it comes', stops.stopsDuringExchanges),
    check('a stop is sent again, in case its first frame was lost', stops.stopsTwice),
    check('a stop drops setpoints that wait', stops.dropsSetpoints),
    check('a stop overtakes a setTorque that is under way', stops.overtakesPowerOn),
    check('one stop cuts servos and freezes others where they are', stops.freezesAndCuts),
    check('after stops the bus goes on', stops.goesOnAfterStops),
    check('what waits is bounded, and a stop does not wait behind it', stops.boundsWhatWaits),
    check('a stop without a link throws', stops.stopNeedsALink, { open: false }),
    check('making a bus opens nothing, and two calls of open open the port once', links.opensOnce, { open: false }),
    check('close ends what is under way, writes nothing, and leaves the power as it is', links.closes),
    check('a closed bus refuses everything', links.refusesWhenClosed),
    check('a lost link ends what is under way and is told once', links.isLostOnce),
    check('a lost link can be opened again, and sends nothing of before', links.opensAgain),
    ...(make().absent ? silent : []),
  ]
}
