/** `tendon/problems`: the catalogue of every error code, explained. Loads no hardware library. */
export { type AnyProblemEntry, allProblems, type Explanation, explain, nearCodes, powerMeaning } from './explain.ts'
export { explanationMarkdown } from './markdown.ts'
