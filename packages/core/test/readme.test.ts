import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const home = process.cwd()
let directory: string
let examples = 0

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'varve-readme-'))
  process.chdir(directory)
})

afterEach(() => {
  process.chdir(home)
  rmSync(directory, { recursive: true, force: true })
})

/** The TypeScript in a document, block by block; what is marked `no-run` would listen to signals, or wait for somebody. */
function codeIn(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8')
  return Array.from(text.matchAll(/```ts\n(.*?)```/gs), (match) => match[1] as string)
}

async function runCode(code: string): Promise<string[]> {
  const lines: string[] = []
  vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => void lines.push(parts.map(String).join(' ')))
  for (const level of ['debug', 'info'] as const) vi.spyOn(console, level).mockImplementation(() => {})
  // A module is loaded once: each has a name of its own.
  const file = join(directory, `example${examples++}.ts`)
  // As a function: what `await using` holds is let go of when it returns.
  const [imports, body] = [code.match(/^import .*$/gm) ?? [], code.replace(/^import .*$/gm, '')]
  writeFileSync(file, `${imports.join('\n')}\nexport async function example() {\n${body}\n}\n`)
  const { example } = await import(/* @vite-ignore */ file)
  await example()
  vi.restoreAllMocks()
  return lines
}

test('the code of the README runs, and prints what it says', async () => {
  const [code] = codeIn('README.md')
  expect(await runCode(code as string)).toEqual(['hello', '0 hello', '1 kept', '2 both', '3 or neither'])
})

test("the location in the README's comment is the one that add gives", async () => {
  const [code] = codeIn('README.md')
  const said = /await db\.add\(.*\/\/ \{ (.*) \}/.exec(code as string)?.[1]
  expect(said).toBe('index: 0, position: 44, size: 5')
  const [shown] = await runCode(
    (code as string).replace(/console\.log\(text\(await db\.read\(location\)\)\)/, 'console.log(JSON.stringify(location))'),
  )
  expect(JSON.parse(shown as string)).toEqual({ index: 0, position: 44, size: 5 })
})

test("the code of the core package's README runs", async () => {
  for (const code of codeIn('packages/core/README.md')) await runCode(code)
})

test("the code of the varve package's README runs, and prints what it says", async () => {
  const [code] = codeIn('packages/varve/README.md')
  expect(await runCode(code as string)).toEqual(saidIn(code as string))
})

/** What the comments behind a block's `console.log`, and those that begin a line, say that it prints. */
function saidIn(code: string): string[] {
  return Array.from(code.matchAll(/(?:console\.log\(.*\) |^)\/\/ (.*)$/gm), ([, text]) => text as string)
}

const guide = readdirSync(join(root, 'docs/guide'))
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) => codeIn(`docs/guide/${name}`).map((code, n) => ({ page: `guide/${name}`, number: n + 1, code })))

test.each(guide)('the code $number of $page runs, and prints what it says', async ({ code }) => {
  expect(await runCode(code)).toEqual(saidIn(code))
})
