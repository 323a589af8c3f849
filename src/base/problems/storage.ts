import { entry } from '../problem.ts'

/** The place where a robot keeps small texts. Nothing that moves waits for it. */
export const storageProblems = {
  TENDON_STORAGE_FAILED: entry<{ folder: string; name: string; wanted: string; reason: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `"${f.name}" could not be ${f.wanted} in ${f.folder}: ${f.reason}.`,
    why: () => 'The disk or the rights of this user did not allow it; what was kept there before is as it was.',
    fix: (f) => `ls -ld ${f.folder}`,
    sample: {
      folder: '/var/lib/tendon',
      name: 'so101/parameters',
      wanted: 'written',
      reason: "EACCES: permission denied, open 'parameters.json'",
    },
  }),
} as const
