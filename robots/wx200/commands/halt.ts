import { wx200 } from '../model.ts'

/** Decelerates every joint, whoever moves it, and stays powered. */
export const halt = wx200.halt()
