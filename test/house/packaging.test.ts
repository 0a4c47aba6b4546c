/** Holds package.json, the compiler's paths, the entries and the Node floor together. */
import assert from 'node:assert/strict'
import { existsSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { minimumNode } from '../../mailbox/node-version.ts'
import { publicEntries } from './entries.ts'
import { manifest, read, rooms, root } from './repository.ts'

test('packaging: the public entries are these and no others', () => {
  assert.deepEqual(Object.keys(manifest().exports), [
    '.',
    './contract',
    './agents',
    './patterns',
    './testing',
    './persistence',
    './replay',
    './bench',
    './host',
    './package.json',
    './internal/*',
  ])
  assert.equal(manifest().exports['./internal/*'], null)
})

test('packaging: every entry has a source, and types beside its code', () => {
  for (const target of Object.values(manifest().exports)) {
    if (target === null || typeof target === 'string') continue
    assert.equal(target.types, target.default.replace(/\.js$/, '.d.ts'))
    assert.deepEqual(Object.keys(target), ['types', 'default'])
  }
  const missing = publicEntries().filter(({ source }) => !existsSync(join(root, source)))
  assert.deepEqual(missing, [])
})

test('packaging: the compiler finds our own name in the sources', () => {
  const { paths } = compilerOptions()
  const expected = publicEntries().map(({ specifier, source }) => [specifier, [`./${source}`]])
  assert.deepEqual(paths, Object.fromEntries(expected))
})

test('packaging: the API reference is made of every entry', () => {
  const { entryPoints } = JSON.parse(read('typedoc.json')) as { readonly entryPoints: string[] }
  assert.deepEqual(
    entryPoints,
    publicEntries().map(({ source }) => `./${source}`),
  )
})

test('packaging: every entry that reaches native code refuses an old Node on its first line', () => {
  for (const { name, source } of publicEntries()) {
    if (name === './contract') continue
    const [first] = ts.preProcessFile(read(source)).importedFiles
    assert.match(first?.fileName ?? 'nothing', /mailbox\/supported-node\.ts$/, source)
  }
})

test('packaging: the Node floor is one number', () => {
  assert.equal(`${manifest().engines.node.replace('>=', '')}.0`, minimumNode)
})

test('packaging: the sources that the declarations point to are shipped', () => {
  for (const room of rooms) assert.ok(manifest().files.includes(room), room)
})

test('packaging: the build has declarations and maps for everything, and Node can strip its types', () => {
  const { sourceMap, declaration, declarationMap, outDir, inlineSources } = built()
  assert.deepEqual({ sourceMap, declaration, declarationMap }, everyMap)
  assert.equal(outDir, join(root, 'dist'))
  // What the maps point to is shipped beside them.
  assert.ok(manifest().files.includes('dist'))
  assert.equal(inlineSources, undefined)
})

test('packaging: the compiler is as strict as it can be', () => {
  const options = built() as Record<string, unknown>
  for (const [name, value] of Object.entries(strictest)) assert.equal(options[name], value, name)
})

test('packaging: what convention puts at the top is there', () => {
  for (const path of ['LICENSE', 'README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', '.ci/run']) {
    assert.ok(existsSync(join(root, path)), path)
  }
  assert.match(read('LICENSE'), /Apache License\s+Version 2\.0/)
})

test('packaging: the command has a source', () => {
  const command = manifest().bin['troupe'] ?? ''
  assert.equal(command, 'dist/runtime/cli/main.js')
  assert.match(read('runtime/cli/main.ts'), /^#!\/usr\/bin\/env node\n/)
})

test('packaging: npm scripts run on the Node and the compiler of package.json', () => {
  assert.match(readlinkSync(join(root, 'node_modules/.bin/node')), /^\.\.\/node\/bin\/node$/)
  assert.match(readlinkSync(join(root, 'node_modules/.bin/tsc')), /^\.\.\/typescript\/bin\/tsc$/)
})

const everyMap = { sourceMap: true, declaration: true, declarationMap: true }

/** A setting is taken out of here only with its reason. */
const strictest = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noPropertyAccessFromIndexSignature: true,
  noUncheckedSideEffectImports: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  allowUnreachableCode: false,
  allowUnusedLabels: false,
  erasableSyntaxOnly: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noEmitOnError: true,
}

/** The options of the build, with what it inherits. */
function built(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.build.json'), ts.sys.readFile) as {
    config: object
  }
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options
}

function compilerOptions(): { readonly paths: unknown } {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as {
    config: { compilerOptions: { paths: unknown } }
  }
  return config.compilerOptions
}
