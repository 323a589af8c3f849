import { forget } from './commands/forget.ts'
import { grip } from './commands/grip.ts'
import { halt } from './commands/halt.ts'
import { home } from './commands/home.ts'
import { moveTo } from './commands/move-to.ts'
import { play } from './commands/play.ts'
import { ready } from './commands/ready.ts'
import { record } from './commands/record.ts'
import { recordings } from './commands/recordings.ts'
import { rest } from './commands/rest.ts'
import { scan } from './commands/scan.ts'
import { wave } from './commands/wave.ts'
import { so101 } from './model.ts'

/** The SO-101 with everything it can do; `retire()` folds it before it disarms. */
export default so101
  .with({ home, moveTo, wave, grip, scan, rest, halt, record, play, recordings, forget, ready })
  .rest(rest)
