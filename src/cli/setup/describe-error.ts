/** Why the file system refused, as the rest of a sentence. */
export function describeError(error: unknown): string {
  const { code } = error as { code?: unknown }
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES') return 'this user may not open it'
  return error instanceof Error ? error.message : String(error)
}
