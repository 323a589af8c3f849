export const admissionProblems = {} as const
