// Reads the JSON reports of the suites and fails when one ran nothing, or left a test out.
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
let wrong = false
for (const file of process.argv.slice(2)) {
  const report = JSON.parse(readFileSync(file, 'utf8'))
  const leftOut = report.numPendingTests + report.numTodoTests
  console.log(
    `${file.split('/').at(-1)}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${leftOut} left out`,
  )
  if (report.numPassedTests === 0 || leftOut > 0 || !report.success) wrong = true
  passed += report.numPassedTests
  failed += report.numFailedTests
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(wrong ? 1 : 0)
