import { dynamixelFamily } from './dynamixel/family.ts'
import type { RegisterName as DynamixelRegister } from './dynamixel/registers.ts'
import type { SimulatedFamily } from './family.ts'
import { feetechFamily } from './feetech/family.ts'
import type { RegisterName as FeetechRegister } from './feetech/registers.ts'
import { pca9685Family } from './pca9685/family.ts'
import type { Pca9685Register } from './pca9685/hobby-servo.ts'

/** Every family that can be simulated. */
export const families: readonly SimulatedFamily[] = [feetechFamily, dynamixelFamily, pca9685Family]

/** Names of registers; which of them a servo has is its family's matter. */
export type AnyRegister = FeetechRegister | DynamixelRegister | Pca9685Register
