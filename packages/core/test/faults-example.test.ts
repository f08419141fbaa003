import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let directory: string
let runs = 0
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-faults-example-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The index of the document and its test, as they stand there, with one change or none: what the test does. */
async function exampleWith(part = '', instead = ''): Promise<() => Promise<void>> {
  const document = readFileSync(new URL('../../backend/FAULTS.md', import.meta.url), 'utf8')
  const [index = '', itsTest = ''] = Array.from(document.matchAll(/```ts(?: continued)?\n(.*?)```/gs), (match) => match[1])
  expect(index.split(part).length > 1, `the example has no ${part}`).toBe(true)
  const runner =
    "import { expect } from 'vitest'\nexport let run: () => Promise<void>\nconst test = (_: string, action: () => Promise<void>) => { run = action }"
  // A module is loaded once: each has a name of its own.
  const file = join(directory, `example${runs++}.ts`)
  writeFileSync(file, `${itsTest.replace("import { expect, test } from 'vitest'", runner)}\n${part ? index.replace(part, instead) : index}`)
  const { run } = (await import(/* @vite-ignore */ file)) as { readonly run: () => Promise<void> }
  return run
}

// Thousands of crash states: seconds on an idle machine, and many times that on a busy one.
describe('the index beside a store that the document on faults shows', { timeout: 180_000 }, () => {
  test('loses nothing when the power goes, at any step and at any step of its recovery', async () => {
    const run = await exampleWith()
    await run()
  })

  // What the document says of it.
  test.each([
    ['the sync out of save', '    await file.sync()\n'],
    ['the remove out of open', "    if (names.includes('places.new')) await backend.remove('places.new')\n"],
    ['the durable out of set', ', { durable: true }'],
  ])('is found out by its test where somebody takes %s', async (_, part) => {
    const run = await exampleWith(part)
    await expect(run()).rejects.toThrow(/^power lost /)
  })
})
