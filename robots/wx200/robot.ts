import { circle } from './commands/circle.ts'
import { grip } from './commands/grip.ts'
import { halt } from './commands/halt.ts'
import { home } from './commands/home.ts'
import { moveTo } from './commands/move-to.ts'
import { release } from './commands/release.ts'
import { sleep } from './commands/sleep.ts'
import { wx200 } from './model.ts'

/** The WidowX-200 with everything it can do; `retire()` folds it before it disarms. */
export default wx200.with({ home, moveTo, grip, release, circle, sleep, halt }).rest(sleep)
