export const definitionProblems = {} as const
