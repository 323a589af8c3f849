import { rover } from '../model.ts'

/** Brakes, whoever drives, and stays powered. */
export const halt = rover.halt({ doc: 'Brakes and stays powered.' })
