/** What the command line ends with; `start(..., { process: true })` ends with 70, 75, 130 and 143 by itself. */
export const exitCodes = {
  done: 0,
  /** A command, a script or a story did not come to its end. */
  failed: 1,
  /** The command line itself was wrong; nothing was started. */
  usage: 2,
  /** The robot refused it; nothing was changed. */
  refused: 3,
  /** The run was canceled, and its joints were read standing still. */
  canceled: 4,
  /** No running robot answers. */
  unavailable: 69,
  /** Power or standstill was not confirmed: keep clear. */
  notConfirmed: 75,
} as const
