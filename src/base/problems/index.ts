import { type Catalogue, problemsOf } from '../problem.ts'
import { admissionProblems } from './admission.ts'
import { definitionProblems } from './definition.ts'
import { guardProblems } from './guard.ts'
import { lifecycleProblems } from './lifecycle.ts'
import { linkProblems } from './link.ts'
import { noiseProblems, portProblems } from './port.ts'
import { runProblems } from './run.ts'
import { safetyProblems } from './safety.ts'
import { setupProblems } from './setup.ts'
import { speedProblems } from './speed.ts'
import { stopInputProblems } from './stop-input.ts'
import { storageProblems } from './storage.ts'
import { useProblems } from './use.ts'

/** Every code that Tendon itself uses. One file per area; a code stays what it is for ever. */
const catalogue = {
  ...definitionProblems,
  ...admissionProblems,
  ...runProblems,
  ...lifecycleProblems,
  ...safetyProblems,
  ...guardProblems,
  ...linkProblems,
  ...speedProblems,
  ...portProblems,
  ...noiseProblems,
  ...setupProblems,
  ...stopInputProblems,
  ...storageProblems,
  ...useProblems,
} satisfies Catalogue

export type ProblemCode = keyof typeof catalogue

/** Makes a problem from the catalogue: the facts are typed by the code. */
export const problem = problemsOf(catalogue)
