/** Aborts when a signal asks the program to end. `start` has handlers of its own, which retire the robot. */
export function signalsAsAbort(): { readonly leaving: AbortSignal; forget(): void } {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const onSignal = (): void => controller.abort()
  for (const signal of signals) process.on(signal, onSignal)
  return {
    leaving: controller.signal,
    forget: () => {
      for (const signal of signals) process.off(signal, onSignal)
    },
  }
}
