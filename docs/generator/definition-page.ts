import type { Project } from 'ts-morph'
import { cell, code, membersOf } from './source.ts'

interface Part {
  readonly title: string
  readonly intro: string
  readonly path: string
  readonly name: string
}

const PARTS: readonly Part[] = [
  {
    title: "The model: `defineRobot('name', { ... })`",
    intro: 'What a robot is, before it can do anything. All of it is optional.',
    path: 'src/define/robot-model.ts',
    name: 'RobotSpec',
  },
  {
    title: 'A state',
    intro: 'Beside `disarmed` and `idle`, which every robot has.',
    path: 'src/define/categories.ts',
    name: 'StateSpec',
  },
  {
    title: 'A category',
    intro: 'A pool of slots. Every robot has `default`, with one.',
    path: 'src/define/categories.ts',
    name: 'CategorySpec',
  },
  {
    title: 'A joint',
    intro: 'Names as in URDF, SI units, angles from the zero of the model.',
    path: 'src/device/joint.ts',
    name: 'JointSpec',
  },
  {
    title: 'A command: `model.command({ ... })`',
    intro: 'A declared operation. Only `run` is required.',
    path: 'src/define/command.ts',
    name: 'CommandSpec',
  },
  {
    title: 'The context of a body',
    intro: 'What `run(ctx)` is given. Take from it by destructuring: what is not taken is not made.',
    path: 'src/define/context.ts',
    name: 'RunContext',
  },
  { title: 'The joints of a body', intro: '`ctx.joints`.', path: 'src/define/context.ts', name: 'JointsAccess' },
  {
    title: 'A script: `model.script({ ... })`',
    intro: 'A body that commands the robot: an async function, or a generator that can be cut at any `yield`.',
    path: 'src/define/robot-model.ts',
    name: 'ScriptSpec',
  },
  {
    title: 'Options of the built-in commands',
    intro: '`model.moveTo()`, `model.halt()`, `model.setState(...)`.',
    path: 'src/define/robot-model.ts',
    name: 'BuiltinOptions',
  },
  {
    title: 'A service: `service(name, { ... })`',
    intro: 'A part of the world beside the joints.',
    path: 'src/define/service.ts',
    name: 'ServiceSpec',
  },
  {
    title: 'Limits',
    intro:
      'Every bound of the runtime, as `limits` of the model or of `start`. Durations in seconds, counts in whole numbers.',
    path: 'src/define/limits.ts',
    name: 'Limits',
  },
]

/** `docs/reference/definition.md`: all that a definition may say, from the comments in the source. */
export function definitionPage(project: Project): string {
  const parts = PARTS.map(({ title, intro, path, name }) => {
    const rows = membersOf(project, path, name).map(
      ({ key, type, doc }) => `| \`${key}\` | ${code(type).replaceAll('|', '\\|')} | ${cell(doc)} |`,
    )
    return [`## ${title}`, '', intro, '', '| key | type | meaning |', '|---|---|---|', ...rows, ''].join('\n')
  })
  return `${HEAD}\n${parts.join('\n')}`
}

const HEAD = `# The definition

All that a robot's definition may say. Made from the comments in the source by \`npm run docs:reference\`; a test compares the
two. Everything in a definition is checked before anything is opened: names by the compiler, the rest by \`defineRobot\` and
\`.with\`, which report all that is wrong at once.
`
