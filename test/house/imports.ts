/** Reads the import lines of a module with the compiler's own parser. */
import ts from 'typescript'

/**
 * How a module names another. `type` is erased by the compiler; `value` is loaded with the module;
 * `lazy` is loaded when the line runs (`import()`, `new URL(..., import.meta.url)`, `resolve`).
 */
export type ImportKind = 'type' | 'value' | 'lazy'

export interface Import {
  readonly specifier: string
  readonly kind: ImportKind
  /** Counted from 1. */
  readonly line: number
}

/** Every module that `text` names, in order. */
export function importsOf(path: string, text: string): readonly Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: Import[] = []
  visit(source)
  return found

  function visit(node: ts.Node): void {
    const named = namedBy(node)
    if (named !== undefined) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      found.push({ ...named, line: line + 1 })
    }
    ts.forEachChild(node, visit)
  }
}

type Named = Omit<Import, 'line'>

function namedBy(node: ts.Node): Named | undefined {
  if (ts.isImportDeclaration(node)) {
    return name(node.moduleSpecifier, isErased(node) ? 'type' : 'value')
  }
  if (ts.isExportDeclaration(node)) {
    return name(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'value')
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return name(node.argument.literal, 'type')
  }
  if (ts.isCallExpression(node) && loads(node.expression)) return name(node.arguments[0], 'lazy')
  if (ts.isNewExpression(node) && isModuleUrl(node)) return name(node.arguments?.[0], 'lazy')
  return undefined
}

function name(node: ts.Node | undefined, kind: ImportKind): Named | undefined {
  return node !== undefined && ts.isStringLiteralLike(node)
    ? { specifier: node.text, kind }
    : undefined
}

/** Under `verbatimModuleSyntax` only a whole `import type` goes; `import { type X }` still loads. */
function isErased(node: ts.ImportDeclaration): boolean {
  return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
}

/** `import(x)`, `require(x)`, `require.resolve(x)`, `import.meta.resolve(x)`. */
function loads(callee: ts.Expression): boolean {
  if (callee.kind === ts.SyntaxKind.ImportKeyword) return true
  if (ts.isIdentifier(callee)) return callee.text === 'require'
  return ts.isPropertyAccessExpression(callee) && callee.name.text === 'resolve' && isLoader(callee)
}

function isLoader({ expression }: ts.PropertyAccessExpression): boolean {
  if (ts.isMetaProperty(expression)) return true
  if (ts.isIdentifier(expression)) return expression.text === 'require'
  return (
    ts.isCallExpression(expression) &&
    ts.isIdentifier(expression.expression) &&
    expression.expression.text === 'createRequire'
  )
}

/** `new URL('./worker.ts', import.meta.url)`: how a thread's module is named. Folders are no modules. */
function isModuleUrl(node: ts.NewExpression): boolean {
  const [path, base] = node.arguments ?? []
  return (
    ts.isIdentifier(node.expression) &&
    node.expression.text === 'URL' &&
    path !== undefined &&
    ts.isStringLiteralLike(path) &&
    /\.[cm]?[jt]s$/.test(path.text) &&
    base !== undefined &&
    ts.isPropertyAccessExpression(base) &&
    ts.isMetaProperty(base.expression)
  )
}
