export const safetyProblems = {} as const
