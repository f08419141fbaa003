// A reporter of vitest that writes down each file of tests as it begins and ends, so that something is known of a run that never comes to its end.
import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'

const file = process.env.VARVE_PROGRESS
const note = (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`)
const nameOf = ({ moduleId }) => relative(process.cwd(), moduleId)

export default class ProgressReporter {
  onTestModuleStart(module) {
    note({ began: nameOf(module) })
  }

  onTestModuleEnd(module) {
    const states = Array.from(module.children.allTests(), (test) => test.result().state)
    const count = (state) => states.filter((one) => one === state).length
    const errors = module.errors().map(({ message }) => message)
    note({ ended: nameOf(module), passed: count('passed'), failed: count('failed'), skipped: count('skipped'), errors })
  }

  onTestRunEnd(_modules, errors) {
    note({ errorsOutside: errors.length })
  }
}
