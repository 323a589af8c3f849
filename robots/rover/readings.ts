import { z } from 'zod'

/** One line of the IMU: `{"yaw":0.1,"pitch":0,"roll":0}`, radians; yaw grows to the left, as seen from above. */
export const attitude = z.object({ yaw: z.number(), pitch: z.number(), roll: z.number() })
export type Attitude = z.infer<typeof attitude>

/** What the battery says on `rover/battery`: its charge, 0 to 1, its volts, and whether current flows into it. */
export const battery = z.object({ charge: z.number().min(0).max(1), volts: z.number(), charging: z.boolean() })
export type Battery = z.infer<typeof battery>

/** How far it leans, whichever way. */
export const tilt = ({ pitch, roll }: Attitude): number => Math.max(Math.abs(pitch), Math.abs(roll))
