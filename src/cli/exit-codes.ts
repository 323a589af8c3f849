/** What the command line ends with; `start(..., { process: true })` ends with 70, 75, 130 and 143 by itself. */
export const exitCodes = {
  done: 0,
  /** A command or a story did not come to its end. */
  failed: 1,
  /** The command line itself was wrong; nothing was started. */
  usage: 2,
  /** Power was not confirmed off: keep clear. */
  notConfirmed: 75,
} as const
