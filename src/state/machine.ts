import { assign, setup } from 'xstate'

/** Who stopped the robot, when (monotonic seconds) and why: until `reset`, it cannot be armed. */
export interface Latch {
  readonly by: string
  readonly at: number
  readonly reason: string
}

export type StateEvent =
  | { type: 'ARM' }
  | { type: 'ARMED' }
  | { type: 'ARM_FAILED' }
  | { type: 'DISARM' }
  | { type: 'DISARMED' }
  | { type: 'FAULT' }
  | { type: 'ACKNOWLEDGED' }
  | { type: 'STOP'; latch: Latch }
  | { type: 'RESET' }
  | { type: 'GO'; to: string }

/**
 * The machine of one robot. The operational states live inside `armed`, so that "not armed" and "operational state
 * disarmed" cannot come apart, and a custom state is lost the instant that disarming begins. Leaving `fault` takes an
 * acknowledgement and nothing else.
 */
export function stateMachine(initial: string, states: readonly string[]) {
  const base = setup({
    types: { context: {} as { latch: Latch | undefined }, events: {} as StateEvent },
  })
  return base.createMachine({
    context: { latch: undefined },
    initial: 'disarmed',
    on: {
      STOP: { actions: assign({ latch: ({ event }) => event.latch }) },
      RESET: { actions: assign({ latch: undefined }) },
    },
    states: {
      disarmed: {
        on: { ARM: { target: 'arming', guard: ({ context }) => !context.latch }, DISARM: 'disarming', FAULT: 'fault' },
      },
      arming: {
        on: {
          ARMED: { target: 'armed', guard: ({ context }) => !context.latch },
          ARM_FAILED: 'disarmed',
          DISARM: 'disarming',
          FAULT: 'fault',
        },
      },
      armed: {
        initial,
        states: Object.fromEntries(states.map((state) => [state, {}])),
        on: {
          GO: states.map((state) => ({
            target: `.${state}`,
            guard: ({ event }: { event: { to: string } }) => event.to === state,
          })),
          DISARM: 'disarming',
          FAULT: 'fault',
        },
      },
      disarming: { on: { DISARMED: 'disarmed', FAULT: 'fault' } },
      fault: { on: { ACKNOWLEDGED: 'disarmed' } },
    },
  })
}
