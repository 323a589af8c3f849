import { so101 } from '../model.ts'

/** Enters the state `recording`, in which the arm is moved by hand and not by commands. */
export const record = so101.setState('recording', { allowed: ['idle'] })
