/** Reads the titles of the tests in a file, without running it. */
import ts from 'typescript'

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

/** A call with a text and then a function is a test, also through the helper of a contract suite. */
function titleOf({ arguments: [first, ...rest] }: ts.CallExpression): string | undefined {
  if (first === undefined || !rest.some(ts.isFunctionLike)) return undefined
  if (ts.isStringLiteralLike(first)) return first.text
  if (!ts.isTemplateExpression(first)) return undefined
  return [first.head, ...first.templateSpans.map(({ literal }) => literal)]
    .map(({ text }) => text)
    .join('…')
}
