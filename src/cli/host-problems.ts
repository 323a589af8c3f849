import { entry, problemsOf } from 'tendon/device'

const UNCHANGED = { severity: 'error', power: 'unchanged' } as const

/** What can go wrong on the computer of a robot, and on the way to it. */
export const hostProblems = {
  TENDON_PROGRAM_FAILED: entry<{ command: string; said: string }>({
    ...UNCHANGED,
    what: (f) => `A program of the system failed: ${f.command}.`,
    why: (f) => `It said: ${f.said || 'nothing'}.`,
    fix: (f) => `Run it by hand, and look at what it says: ${f.command}`,
    sample: { command: 'systemctl daemon-reload', said: 'Access denied' },
  }),
  TENDON_SERVICE_UNREADABLE: entry<{ user: string; path: string; robot: string }>({
    ...UNCHANGED,
    what: (f) => `The user ${f.user} may not read ${f.path}.`,
    why: () => 'A service runs as that user, and needs the robot, the package and Node.',
    fix: (f) => `Put it where everybody may read, for example by: tendon deploy localhost ${f.robot}`,
    sample: { user: 'tendon', path: '/home/pi', robot: 'my-arm' },
  }),
  TENDON_SERVICE_MISSING: entry<{ robot: string | undefined; installed: readonly string[] }>({
    ...UNCHANGED,
    what: (f) => (f.robot ? `${f.robot} is not installed as a service.` : 'Nothing says which service is meant.'),
    why: (f) => (f.installed.length > 0 ? `Installed: ${f.installed.join(', ')}.` : 'No robot is installed as one.'),
    fix: (f) => `sudo tendon service install ${f.robot ?? '<robot>'}`,
    sample: { robot: 'so101', installed: [] },
  }),
  TENDON_SERVICE_ARMED: entry<{ robot: string; safety: string }>({
    severity: 'error',
    power: 'on',
    what: (f) => `${f.robot} is ${f.safety}, and would be restarted.`,
    why: () => 'A restart sends it to its rest pose and takes its power away; somebody may be at work with it.',
    fix: (f) => `tendon retire --robot ${f.robot}`,
    sample: { robot: 'so101', safety: 'armed' },
  }),
  TENDON_DEPLOY_UNREACHABLE: entry<{ host: string; said: string }>({
    ...UNCHANGED,
    what: (f) => `${f.host} cannot be reached by ssh.`,
    why: (f) => `ssh said: ${f.said || 'nothing'}.`,
    fix: (f) => `Look whether you get there: ssh ${f.host} true`,
    sample: { host: 'pi@robot.local', said: 'Permission denied (publickey)' },
  }),
  TENDON_DEPLOY_UNFIT: entry<{ host: string; lack: string; fix: string }>({
    ...UNCHANGED,
    what: (f) => `${f.host} cannot run a robot yet: ${f.lack}.`,
    why: () => 'The robot is installed there by npm, and run by Node 20.19 or newer.',
    fix: (f) => f.fix,
    sample: { host: 'pi@robot.local', lack: 'there is no npm', fix: 'sudo apt install npm' },
  }),
  TENDON_DEPLOY_COMPILE: entry<{ folder: string; said: string }>({
    ...UNCHANGED,
    what: (f) => `The robot in ${f.folder} does not compile.`,
    why: (f) => `The compiler said: ${f.said || 'nothing'}.`,
    fix: (f) => `Look at it as the compiler does: npx tsc --noEmit --project ${f.folder}`,
    sample: { folder: 'my-arm', said: "robot.ts(12,7): error TS2322: Type 'string' is not assignable" },
  }),
  TENDON_DEPLOY_ARMED: entry<{ host: string; robot: string; safety: string }>({
    severity: 'error',
    power: 'on',
    what: (f) => `${f.robot} on ${f.host} is ${f.safety}.`,
    why: () => 'It would be restarted, and nobody here sees who stands beside it.',
    fix: (f) => `Let somebody beside it run: tendon retire --robot ${f.robot}`,
    sample: { host: 'pi@robot.local', robot: 'so101', safety: 'armed' },
    more: 'Nothing was changed there. With --force it is deployed all the same: systemd tells the robot to end, and it goes to its rest pose and disarms before it does.',
  }),
  TENDON_DEPLOY_SILENT: entry<{ host: string; robot: string; said: string }>({
    severity: 'danger',
    power: 'unknown',
    what: (f) => `${f.robot} on ${f.host} does not say whether it is disarmed.`,
    why: (f) => `It was asked for its status, and the answer was: ${f.said || 'nothing'}.`,
    fix: (f) => `Look at it there: tendon status --robot ${f.robot}`,
    sample: { host: 'pi@robot.local', robot: 'so101', said: 'The program of so101 does not answer' },
    more: 'Nothing was changed there. With --force it is deployed all the same: systemd ends the program, its guard stops the servos, and what its unit runs last takes their power and reads them back.',
  }),
  TENDON_DEPLOY_FAILED: entry<{ host: string; step: string; said: string; now: string }>({
    severity: 'error',
    power: 'unchanged',
    what: (f) => `Deploying to ${f.host} failed at: ${f.step}.`,
    why: (f) => `${f.now}; it said: ${f.said || 'nothing'}.`,
    fix: () => 'Look at what the robot says there: tendon service logs',
    sample: { host: 'pi@robot.local', step: 'health check', said: 'inactive', now: 'The release before it runs again' },
  }),
} as const

/** Makes a problem of the computer of a robot. */
export const hostProblem = problemsOf(hostProblems)
