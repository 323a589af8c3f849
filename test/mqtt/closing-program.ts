import { defineRobot, start } from 'tendon'
import { mqtt, mqttSensor } from 'tendon/mqtt'

// Opens a robot at the broker of its first argument, and closes it: at once, or when the broker has gone, after it has
// said so. Nothing here ends the process: it ends when nothing is left that could still happen.
const [url = '', when] = process.argv.slice(2)
const room = defineRobot('room', {
  links: { lab: mqtt({ url }) },
  sensors: { door: mqttSensor('lab', 'room/door') },
}).with({})
const robot = await start(room)
if (when === 'offline') {
  const offline = new Promise<void>((resolve) => {
    robot.links.lab.onStatus(({ online }) => {
      if (!online) resolve()
    })
  })
  process.stdout.write('online\n')
  await offline
}
await robot.close()
process.stdout.write('closed\n')
