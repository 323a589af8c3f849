import { fromLogic } from 'tendon'
import { assign, createActor, fromPromise, setup, toPromise } from 'xstate'
import { z } from 'zod'
import type { Effort } from './effort.ts'
import { atMost, compare, type Row } from './measure.ts'
import { armed, benchModel } from './robots.ts'
import { byCallers, itself, step, steppingRobot, wholeCommands } from './whole-command.ts'

interface Goal {
  readonly x: number
}

const stepLogic = fromPromise<number, Goal>(({ input }) => step(input.x))

/** A small machine as people write them: it invokes the step, keeps its answer and ends. */
const machine = setup({
  types: {} as { input: Goal; context: Goal & { answer: number }; output: number },
  actors: { step: stepLogic },
}).createMachine({
  context: ({ input }) => ({ x: input.x, answer: Number.NaN }),
  initial: 'working',
  states: {
    working: {
      invoke: {
        src: 'step',
        input: ({ context }) => ({ x: context.x }),
        onDone: { target: 'done', actions: assign({ answer: ({ event }) => event.output }) },
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => context.answer,
})

function bareStep(x: number): Promise<number> {
  const actor = createActor(stepLogic, { input: { x } })
  const output = toPromise(actor)
  actor.start()
  return output
}

function bareMachine(x: number): Promise<number> {
  const actor = createActor(machine, { input: { x } })
  const output = toPromise(actor)
  actor.start()
  return output
}

async function wholeCommand(effort: Effort): Promise<Row> {
  const robot = await steppingRobot(1)
  const ratio = await compare(wholeCommands(robot, 1), () => byCallers(1, bareStep, itself), effort)
  await robot.close()
  return atMost('G2', 'whole command against a bare promise actor', 0.25, ratio)
}

async function machineBody(effort: Effort): Promise<Row> {
  const model = benchModel(1)
  const command = model.command({
    goal: z.object({ x: z.number() }),
    category: 'work',
    deadline: 10,
    run: fromLogic(machine),
  })
  const robot = await armed(model, { step: command })
  const ratio = await compare(wholeCommands(robot, 1), () => byCallers(1, bareMachine, itself), effort)
  await robot.close()
  return atMost('G2', 'command with a machine as its body against that machine alone', 1.2, ratio)
}

/** G2: against XState actors. */
export async function g2(effort: Effort): Promise<Row[]> {
  return [await wholeCommand(effort), await machineBody(effort)]
}
