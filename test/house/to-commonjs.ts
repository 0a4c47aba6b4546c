/** Rewrites a small ES module as the CommonJS file that a user of `require` would write. */
import ts from 'typescript'

/** Imports become `require`, and what awaits at the top moves into a function. */
export function toCommonJs(source: string): string {
  const file = ts.createSourceFile('main.ts', source, ts.ScriptTarget.Latest, true)
  const imports = file.statements.filter(ts.isImportDeclaration)
  const rest = file.statements.filter((statement) => !ts.isImportDeclaration(statement))
  const text = [
    ...imports.map((statement) => statement.getText()),
    'async function main() {',
    ...rest.map((statement) => statement.getText()),
    '}',
    'main()',
  ].join('\n')
  const compilerOptions = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    esModuleInterop: true,
  }
  return ts.transpileModule(text, { compilerOptions, fileName: 'main.ts' }).outputText
}
