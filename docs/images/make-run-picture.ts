// Makes so101-run.svg: plays the story of the SO-101 behind its simulated bus and draws what the registers held.
// npx tsx --conditions=tendon-source docs/images/make-run-picture.ts

import { writeFile } from 'node:fs/promises'
import { runPicture } from './run-picture.ts'
import { recordRun } from './run-recording.ts'

const run = await recordRun()
await writeFile(new URL('./so101-run.svg', import.meta.url), runPicture(run))
const sum = `${run.samples.length} samples of ${run.joints.length} joints, ${run.spans.length} runs, ${run.stops.length} stop`
process.stdout.write(`so101-run.svg: ${sum}\n`)
