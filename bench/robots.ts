import { type Command, type CommandMap, defineRobot, start } from 'tendon'

/** Room for everything that the benches keep alive at once; nothing else differs from the defaults. */
const limits = { maxRuns: 250_000 }

/** A model whose category `work` has `limit` slots; its robots have no hardware, so that the runtime alone is measured. */
export const benchModel = (limit: number) => defineRobot('bench', { categories: { work: { limit } }, limits })

/** Starts and arms a robot with these commands. */
export async function armed<C extends CommandMap>(
  model: ReturnType<typeof benchModel>,
  commands: C & Readonly<Record<string, Command>>,
) {
  const robot = await start(model.with(commands as never as C & Record<never, never>))
  const verdict = await robot.arm()
  if (!verdict.armed) throw new Error('the bench robot did not arm')
  return robot
}

/** A promise and what fulfils it: what live commands wait for. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Lets the event loop turn, so that what was put off to a later turn is done. */
export async function settled(turns = 3): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
}
