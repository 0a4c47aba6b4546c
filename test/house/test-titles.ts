/** Reads the titles of the tests in a file, without running it. */
import ts from 'typescript'

const makers = ['test', 'it', 'describe', 'suite']

/** Titles in order; what a template inserts is shown as `…`. */
export function titlesIn(path: string, text: string): string[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const titles: string[] = []
  visit(source)
  return titles

  function visit(node: ts.Node): void {
    const title = ts.isCallExpression(node) ? titleOf(node) : undefined
    if (title !== undefined) titles.push(title)
    ts.forEachChild(node, visit)
  }
}

function titleOf({ expression, arguments: [first] }: ts.CallExpression): string | undefined {
  const callee = ts.isPropertyAccessExpression(expression) ? expression.name : expression
  if (!ts.isIdentifier(callee) || !makers.includes(callee.text) || first === undefined) return
  if (ts.isStringLiteralLike(first)) return first.text
  if (!ts.isTemplateExpression(first)) return undefined
  return [first.head, ...first.templateSpans.map(({ literal }) => literal)]
    .map(({ text }) => text)
    .join('…')
}
