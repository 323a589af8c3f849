import type { Check } from '../check.ts'
import { disk, governor, supply } from './board.ts'
import { lastGuard, runtimeFolder, service, stateFolder } from './places.ts'
import {
  autosuspend,
  groups,
  latencyTimer,
  modemManager,
  portHolders,
  ports,
  robotPorts,
  serialConsole,
} from './ports.ts'
import { broker, gpio, guard, i2c, servos } from './robot.ts'
import { clock, memory, nativeModule, node, swap, system } from './software.ts'

/** Everything that `tendon doctor` looks at, in this order: what others rest on comes first. */
export const checks: readonly Check[] = [
  system,
  node,
  nativeModule,
  supply,
  disk,
  memory,
  swap,
  governor,
  clock,
  groups,
  serialConsole,
  modemManager,
  ports,
  robotPorts,
  portHolders,
  latencyTimer,
  autosuspend,
  i2c,
  gpio,
  stateFolder,
  runtimeFolder,
  service,
  broker,
  guard,
  lastGuard,
  servos,
]
