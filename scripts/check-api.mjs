// The public surface of each package, as its users' compiler sees it, against what was agreed to in api/: a change of it is seen in review, and never made by accident.
//
//   node scripts/check-api.mjs [--write]     --write agrees to what is there now
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { publicPackages, root } from './release/public-packages.mjs'

const printer = ts.createPrinter({ removeComments: true })
const isWriting = process.argv.includes('--write')
mkdirSync(join(root, 'api'), { recursive: true })

for (const one of publicPackages()) {
  const report = reportOn(one)
  if (!report) continue
  const path = join(root, 'api', `${one.name}.md`)
  const agreed = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (isWriting) writeFileSync(path, report)
  else if (report !== agreed) {
    process.exitCode = 1
    console.log(`${one.manifest.name} has another surface than api/${one.name}.md says. If it is meant, \`npm run api\` writes it down.`)
    for (const line of changed(agreed, report)) console.log(line)
  }
}

function reportOn({ folder, manifest }) {
  const entries = Object.entries(manifest.exports).filter(([, target]) => target.types)
  if (entries.length === 0) return undefined
  const files = entries.map(([, { types }]) => join(folder, types))
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext, skipLibCheck: true, types: [] })
  const sections = entries.map(([path], n) => {
    const name = join(manifest.name, path)
    return `## ${name}\n\n\`\`\`ts\n${surfaceOf(program, files[n], folder)}\n\`\`\`\n`
  })
  return `# The public surface of ${manifest.name}\n\nWritten by \`npm run api\`, checked by \`npm run check\`.\n\n${sections.join('\n')}`
}

/** The declarations of all that an entry exports, and of what those name besides; what comes from another package by its name only. */
function surfaceOf(program, entry, folder) {
  const checker = program.getTypeChecker()
  const resolve = (symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  const isOwn = (declaration) => !relative(join(folder, 'dist'), declaration.getSourceFile().fileName).startsWith('..')
  const source = program.getSourceFile(entry)
  if (!source) throw new Error(`${entry} is not built`)
  const exported = checker
    .getExportsOfModule(checker.getSymbolAtLocation(source))
    .map((symbol) => ({ name: symbol.name, symbol: resolve(symbol) }))
  const lines = []
  const seen = new Set(exported.map(({ symbol }) => symbol))
  const reached = []
  const print = (symbol) =>
    (symbol.declarations ?? []).map((declaration) => {
      visit(declaration)
      const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
      return printer.printNode(ts.EmitHint.Unspecified, statement, declaration.getSourceFile())
    })
  const visit = (node) => {
    if (ts.isIdentifier(node)) {
      const found = checker.getSymbolAtLocation(node)
      const symbol = found && resolve(found)
      const declaration = symbol?.declarations?.[0]
      if (declaration && !seen.has(symbol) && isOwn(declaration) && ts.isSourceFile(declaration.parent)) {
        seen.add(symbol)
        reached.push(symbol)
      }
    }
    ts.forEachChild(node, visit)
  }
  const byName = (a, b) => (a.name < b.name ? -1 : 1)
  for (const { name, symbol } of exported.toSorted(byName)) {
    const declarations = symbol.declarations ?? []
    if (declarations.every(isOwn)) lines.push(...print(symbol))
    else lines.push(`export { ${name} } from '${packageOf(declarations[0].getSourceFile().fileName)}'`)
  }
  const others = []
  for (const symbol of reached) others.push({ name: symbol.name, text: print(symbol).join('\n') })
  if (others.length > 0) lines.push('', '// Named by these, but not exported', ...others.sort(byName).map(({ text }) => text))
  return lines.join('\n')
}

function packageOf(file) {
  const own = publicPackages().find(({ folder }) => !relative(folder, file).startsWith('..'))
  return own ? own.manifest.name : file.split('/node_modules/').at(-1)
}

/** The lines that only one of them has. */
function changed(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')]
  return [
    ...old.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !old.includes(line)).map((line) => `+ ${line}`),
  ]
}
