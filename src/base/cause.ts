/** Who asks for something, and why: for the log, and for the person who finds the robot stopped. */
export interface Cause {
  readonly by?: string
  readonly reason?: string
}
