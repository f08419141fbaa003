// Prints what a JSON report of vitest counted: `N passed, N failed`, and `, N skipped` where there are any.
//
//   node scripts/test-counts.mjs REPORT
import { readFileSync } from 'node:fs'

const text = readFileSync(process.argv[2], 'utf8')
if (text === '') {
  console.log('no test was run')
  process.exit(1)
}
const report = JSON.parse(text)
// A file that can't even be loaded has no tests to count, and is a failure all the same.
const broken = report.testResults.filter(({ status, assertionResults }) => {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed')
})
for (const { name, message } of broken) console.log(`${name} failed as a whole: ${message}`)

const passed = report.numPassedTests
const failed = report.numFailedTests + broken.length
const skipped = report.numPendingTests + report.numTodoTests
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(passed > 0 && failed === 0 && report.success ? 0 : 1)
