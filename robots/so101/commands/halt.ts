import { so101 } from '../model.ts'

/** Decelerates every joint, whoever moves it, and stays powered. */
export const halt = so101.halt()
