// Holds the documents against the code: the TypeScript in them compiles, what they link to is there, and the commands that they name exist. (What the code of the guide prints is tested by packages/core/test/readme.test.ts.)
//
// A block marked `ts sketch` leaves something to the reader, and is not compiled; one marked `ts continued` goes on with the block before it.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
const documents = listed
  .split('\0')
  .filter((name) => name !== '' && !/^(api|\.changeset)\/|CHANGELOG\.md$/.test(name) && existsSync(join(root, name)))
const textOf = new Map(documents.map((document) => [document, readFileSync(join(root, document), 'utf8')]))
const problems = []

const compiled = checkCode()
checkLinks()
checkCommands()
for (const problem of problems) console.log(problem)
console.log(
  `${documents.length} documents with ${compiled} blocks of TypeScript: ${problems.length === 0 ? 'ok' : `${problems.length} problems`}`,
)
process.exitCode = problems.length === 0 ? 0 : 1

/** Each block is a module beside its document, where it finds what the package beside it has installed. */
function checkCode() {
  const modules = new Map()
  for (const [document, text] of textOf) {
    let before = ''
    for (const { 1: mark = '', 2: code, index } of text.matchAll(/^```(?:ts|js)(?: ([\w-]+))?\n(.*?)^```$/gms)) {
      // A module can't `require`; check:exports tries that.
      if (mark === 'sketch' || /\brequire\(/.test(code)) continue
      const line = text.slice(0, index).split('\n').length - (mark === 'continued' ? before.split('\n').length - 1 : 0)
      before = mark === 'continued' ? before + code : code
      modules.set(join(root, `${document}.${index}.mts`), { document, line, text: `${before}export {}\n` })
    }
  }
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config, ts.sys, root)
  const lib = [...options.lib, 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts']
  const host = ts.createCompilerHost({ ...options, lib })
  const { fileExists, readFile } = host
  host.fileExists = (name) => modules.has(name) || fileExists(name)
  host.readFile = (name) => modules.get(name)?.text ?? readFile(name)
  const program = ts.createProgram([...modules.keys()], { ...options, lib, declaration: false, paths: options.paths }, host)
  for (const [name, { document, line }] of modules) {
    const source = program.getSourceFile(name)
    for (const { messageText, start = 0 } of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
      const at = line + 1 + source.getLineAndCharacterOfPosition(start).line
      problems.push(`${document}:${at}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
    }
  }
  return modules.size
}

/** Links from document to document, and to the places in them. The site's own are followed in a browser, by `npm run docs`. */
function checkLinks() {
  for (const [document, text] of textOf) {
    for (const [, target] of withoutCode(text).matchAll(/\]\(([^()\s]+)\)/g)) {
      if (/^([a-z]+:|\/)/.test(target)) continue
      const [path, anchor] = target.split('#')
      const found = path === '' ? document : posix.normalize(posix.join(posix.dirname(document), path))
      // The pages of the site that are made of documents elsewhere.
      if (/^docs\/(reference|examples)\//.test(found)) continue
      if (!existsSync(join(root, found))) problems.push(`${document}: ${target} leads nowhere`)
      else if (anchor && textOf.has(found) && !anchorsOf(textOf.get(found)).has(anchor))
        problems.push(`${document}: ${target} has no such place`)
    }
  }
}

/** As GitHub names headings. */
function anchorsOf(text) {
  const headings = Array.from(withoutCode(text, '').matchAll(/^#+ (.*)$/gm), ([, heading]) => heading)
  const slug = (heading) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  return new Set(headings.map(slug))
}

function withoutCode(text) {
  return text.replace(/^```.*?^```$/gms, '')
}

function checkCommands() {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const folder = join(root, 'packages/cli/src/commands')
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))
  const commands = new Set(sources.flatMap((source) => Array.from(source.matchAll(/Command(?:\(|Name: )'(\w+)'/g), ([, name]) => name)))
  for (const [document, text] of textOf) {
    for (const [, name] of text.matchAll(/(?:^|`)(?:npm run|pnpm) (?:-s )?([a-z][\w:-]*\w)/gm)) {
      if (!(name in scripts) && !['install', 'exec', 'run', 'pack'].includes(name))
        problems.push(`${document}: there is no npm run ${name}`)
    }
    for (const [, name] of text.matchAll(/(?:^|`|npx )(?:varve|@varve\/cli) ([a-z]+)/gm)) {
      if (!commands.has(name)) problems.push(`${document}: there is no varve ${name}`)
    }
  }
}
