// Imports one module and prints the packages, and how many files of others, that were loaded for it by import and by require.
import { createRequire, register } from 'node:module'
import { MessageChannel } from 'node:worker_threads'

const seen = new Set()
const { port1, port2 } = new MessageChannel()
port1.on('message', (url) => seen.add(url))
const hooks = `
  let port
  export const initialize = (given) => { port = given }
  export const load = async (url, context, next) => { port.postMessage(url); return next(url, context) }
`
register(`data:text/javascript,${encodeURIComponent(hooks)}`, { data: port2, transferList: [port2] })
await import(process.argv[2])
await new Promise((resolve) => setTimeout(resolve, 100))
port1.close()
for (const file of Object.keys(createRequire(import.meta.url).cache)) seen.add(file)
const packages = [...seen].flatMap((at) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(at)?.[1] ?? [])
console.log(
  JSON.stringify({
    packages: [...new Set(packages)].sort(),
    files: packages.filter((name) => name !== 'tendon').length,
  }),
)
