import { so101 } from '../model.ts'

/** Enters the state `recording`: commands that move the arm are refused until `ready`. */
export const record = so101.setState('recording', { doc: 'Enters the state recording.', allowed: ['idle'] })
