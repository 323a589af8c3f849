import { defineRobot } from 'tendon'

/** A robot without hardware: states, categories and resources for the kernel to keep in order. */
export const model = defineRobot('desk', {
  states: { recording: {}, playback: {} },
  categories: {
    motion: { conflict: 'preempt' },
    line: { conflict: 'queue', queueLength: 3, queueTimeout: 5 },
    pair: { limit: 2 },
    many: { limit: 50 },
  },
  resources: ['lamp', 'tray'],
})
