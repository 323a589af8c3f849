/** `tendon/pca9685`: hobby servos behind a PCA9685, on the `ServoBus` contract. Their motion is told by time, not measured. */
export { type Pca9685Options, type Pca9685Spec, pca9685 } from './bus.ts'
export { type HobbyServoOptions, hobbyServo } from './hobby-servo.ts'
