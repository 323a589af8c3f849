// Runs the unit suite on another Node: `npm run test:node22 -- <arguments of vitest>`. Node comes from npm, pinned, into
// a folder of its own: in node_modules its bin would take the place of the Node that everything else runs on.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

const VERSION = '22.23.3'

const folder = join(homedir(), '.cache/tendon', `node-${VERSION}`)
const node = join(folder, 'node_modules/node/bin/node')
const versionOf = (file) => execFileSync(file, ['--version'], { encoding: 'utf8' }).trim()

if (!existsSync(node) || versionOf(node) !== `v${VERSION}`) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const install = ['install', '--save-exact', '--no-audit', '--no-fund', '--ignore-scripts=false', `node@${VERSION}`]
  spawnSync('npm', install, { cwd: folder, stdio: 'inherit' })
}
if (versionOf(node) !== `v${VERSION}`) throw new Error(`${node} is ${versionOf(node)}, not v${VERSION}`)

// Programs that the tests start find this Node first, too.
const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
console.log(`unit suite on ${versionOf(node)}`)
const args = ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]
process.exit(spawnSync(node, args, { stdio: 'inherit', env }).status ?? 1)
