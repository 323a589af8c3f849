import { so101 } from '../model.ts'

/** Back to `idle`, out of `recording` or `playback`. */
export const ready = so101.setState('idle', { doc: 'Goes back to idle.', allowed: ['recording', 'playback'] })
