/** Names that every robot object has itself, or that would break it: no command may be called so. */
const reservedNames = [
  'then',
  'catch',
  'finally',
  'constructor',
  'prototype',
  'toString',
  'toJSON',
  'valueOf',
  'name',
  'state',
  'safety',
  'commands',
  'sensors',
  'links',
  'parameters',
  'joints',
  'jointStates',
  'events',
  'log',
  'limits',
  'health',
  'loops',
  'arm',
  'disarm',
  'stop',
  'reset',
  'retire',
  'acknowledge',
  'close',
  'cancel',
  'execute',
  'runs',
  'rules',
  'category',
  'whenState',
  'services',
  'clock',
] as const

export type ReservedName = (typeof reservedNames)[number]

const reserved: ReadonlySet<string> = new Set(reservedNames)

/** Whether a command may not have this name. */
export const isReserved = (name: string): boolean => reserved.has(name)

/** What joints, states, categories, commands and the like may be called. */
export const isName = (name: string): boolean => /^[A-Za-z][A-Za-z0-9_]*$/.test(name)
