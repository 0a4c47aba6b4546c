/**
 * What every module of the rooms keeps to and no linter rule says: nothing mutable at the top (S3),
 * nothing awaited there (`require()` of the package would break), a header that says what it owns.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { rooms, type SourceTree, sourcesIn } from './repository.ts'

test('S3: no module of the rooms holds mutable state', () => {
  assert.deepEqual(findings(sourcesIn(rooms), mutableState), [])
})

test('source: no module of the rooms awaits at its top level', () => {
  assert.deepEqual(findings(sourcesIn(rooms), topLevelAwait), [])
})

test('source: every module of the rooms starts with a comment on what it owns', () => {
  assert.deepEqual(findings(sourcesIn(rooms), missingHeader), [])
})

test('source: what breaks these rules is found', () => {
  const tree = new Map([
    ['a.ts', '/** A. */\nlet count = 0\nexport const seen = new Map<string, number>()\n'],
    ['b.ts', '/** B. */\nexport const kinds = new Set(["a"])\nconst list: string[] = []\n'],
    ['c.ts', '/** C. */\nconst x = await f()\nasync function g() { await f() }\n'],
    ['d.ts', 'for await (const x of y) f(x)\n'],
  ])
  assert.deepEqual(findings(tree, mutableState), ['a.ts:2', 'a.ts:3', 'b.ts:3'])
  assert.deepEqual(findings(tree, topLevelAwait), ['c.ts:2', 'd.ts:1'])
  assert.deepEqual(findings(tree, missingHeader), ['d.ts:1'])
})

type Rule = (source: ts.SourceFile) => readonly ts.Node[]

function findings(tree: SourceTree, rule: Rule): string[] {
  return [...tree].flatMap(([path, text]) => {
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
    return rule(source).map((node) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source))
      return `${path}:${line + 1}`
    })
  })
}

/** `let`, `var`, and containers that start empty: a filled one is a table. */
function mutableState(source: ts.SourceFile): readonly ts.Node[] {
  return source.statements
    .filter(ts.isVariableStatement)
    .filter(
      ({ modifiers }) => !modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword),
    )
    .flatMap(({ declarationList }) => {
      const isConst = (declarationList.flags & ts.NodeFlags.Const) !== 0
      return declarationList.declarations.filter(
        ({ initializer }) => !isConst || (initializer !== undefined && startsEmpty(initializer)),
      )
    })
}

function startsEmpty(value: ts.Expression): boolean {
  if (ts.isArrayLiteralExpression(value)) return value.elements.length === 0
  if (!ts.isNewExpression(value) || !ts.isIdentifier(value.expression)) return false
  const containers = ['Map', 'Set', 'WeakMap', 'WeakSet', 'Array']
  return containers.includes(value.expression.text) && (value.arguments?.length ?? 0) === 0
}

function topLevelAwait(source: ts.SourceFile): readonly ts.Node[] {
  const found: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    if (ts.isAwaitExpression(node)) found.push(node)
    if (ts.isForOfStatement(node) && node.awaitModifier !== undefined) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function missingHeader(source: ts.SourceFile): readonly ts.Node[] {
  const text = source.text.replace(/^#!.*\n/, '').trimStart()
  return text.startsWith('/**') ? [] : [source]
}
