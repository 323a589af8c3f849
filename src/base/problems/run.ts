export const runProblems = {} as const
