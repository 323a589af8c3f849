/** Nobody reads any more (`tendon sim so101 | head`): the same as a SIGTERM, which retires the robot and ends. */
export function retireWithoutReader(): () => void {
  let gone = false
  const onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error
    if (!gone) process.kill(process.pid, 'SIGTERM')
    gone = true
  }
  process.stdout.on('error', onError)
  return () => process.stdout.off('error', onError)
}
