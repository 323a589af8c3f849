/** The stop key of a terminal: space stops the robot. Ctrl-C stays what it is. Returns what gives the terminal back. */
export function stopOnSpace(stop: () => void): () => void {
  const { stdin } = process
  if (!stdin.isTTY) return () => {}
  const onKey = (keys: Buffer): void => {
    if (keys.includes(0x20)) stop()
    // In raw mode the terminal makes no signal of Ctrl-C.
    if (keys.includes(0x03)) process.kill(process.pid, 'SIGINT')
  }
  stdin.setRawMode(true)
  stdin.resume()
  stdin.on('data', onKey)
  return () => {
    stdin.off('data', onKey)
    stdin.setRawMode(false)
    stdin.pause()
  }
}
