import { fileStorage } from 'tendon'

// Writes until it is killed: its parent wants to see what is left in the middle of a write.
const storage = fileStorage(process.argv[2] ?? '')
for (let n = 1; ; n++) {
  await storage.write('arm/parameters', `new ${n} ${'n'.repeat(200_000)} ${n}`)
  process.send?.(n)
}
