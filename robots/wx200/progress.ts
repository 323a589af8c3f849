import { z } from 'zod'

/** The feedback of every motion of this arm: the share of the way that is done, 0 to 1. */
export const progress = z.object({ fraction: z.number() })
