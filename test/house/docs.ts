/**
 * Turns the code blocks of the documentation into things that can be checked.
 *
 * Owns the convention (CONTRIBUTING.md, "Code in the documentation"): which block is a module, a
 * file of the page's project, a command, an expected output, data or a drawing. A block that fits
 * nowhere is an error, never skipped. Does not compile (`docs-types.ts`) nor run
 * (`docs-run.ts`).
 */
import { posix } from 'node:path'
import { type Block, blocksOf } from './markdown.ts'
import { filesIn, read } from './repository.ts'

/** A page with the files it names and the blocks that are done in order. */
export interface Page {
  readonly path: string
  /** The page's project: its own named files over those of README.md. */
  readonly files: ReadonlyMap<string, Block>
  /** Every block that is TypeScript or JavaScript, under a name within the page. */
  readonly modules: ReadonlyMap<string, Block>
  readonly steps: readonly Step[]
}

/** Something that a page asks to be done, in the order of the page. */
export type Step =
  | { readonly kind: 'run'; readonly block: Block; readonly file: string }
  | { readonly kind: 'shell'; readonly block: Block }
  | { readonly kind: 'output'; readonly block: Block }
  | { readonly kind: 'json'; readonly block: Block }
  | { readonly kind: 'sql'; readonly block: Block }

const homePage = 'README.md'

/** The pages that hold code for users and contributors. */
export function pagePaths(): string[] {
  const folders = ['docs', 'examples', 'bench'].flatMap((folder) => filesIn([folder], '.md'))
  const found = folders.filter((path) => !path.startsWith('docs/api/'))
  const top = filesIn(['.'], '.md').filter(
    (path) => path === homePage || path === 'CONTRIBUTING.md',
  )
  return [...top, ...found]
}

/** Reads pages; the home page's named files are there for every other page. */
export function readPages(paths: readonly string[] = pagePaths()): Page[] {
  const blocks = new Map(paths.map((path) => [path, blocksOf(path, read(path))]))
  return planPages(blocks)
}

/** The same for blocks that are at hand. */
export function planPages(pages: ReadonlyMap<string, readonly Block[]>): Page[] {
  const shared = namedFiles(pages.get(homePage) ?? [])
  return [...pages].map(([path, blocks]) => {
    const modules = new Map(
      blocks.filter(isModule).map((block) => [moduleName(block), block] as const),
    )
    return {
      path,
      files: new Map([...shared, ...namedFiles(blocks)]),
      modules,
      steps: blocks.flatMap(stepOf),
    }
  })
}

/** What is wrong with a block before anything is compiled: `page:line: message`. */
export function blockProblems(blocks: readonly Block[]): string[] {
  const seen = new Set<string>()
  return blocks.flatMap((block) => {
    const problem = problemOf(block, seen)
    return problem === undefined ? [] : [`${block.page}:${block.line}: ${problem}`]
  })
}

const attributesOf: Readonly<Record<string, readonly string[]>> = {
  ts: ['file', 'run'],
  js: ['file', 'run'],
  sh: [],
  json: ['file'],
  sql: [],
  text: ['output'],
  md: [],
  mermaid: [],
}

/** The first word of a drawing; the rest is read by people. */
const diagram = /^(flowchart|sequenceDiagram|stateDiagram-v2|classDiagram|erDiagram)\b/

/** Blocks in a language of their page, with the test that holds them equal to what they show. */
export const checkedElsewhere: Readonly<Record<string, { page: string; test: string }>> = {
  directory: { page: 'docs/store-format.md', test: 'test/persistence/store-format.test.ts' },
  body: { page: 'docs/store-format.md', test: 'test/persistence/store-format.test.ts' },
}

function problemOf(block: Block, seen: Set<string>): string | undefined {
  if (checkedElsewhere[block.language]?.page === block.page) return undefined
  const known = attributesOf[block.language]
  if (known === undefined) {
    const languages = Object.keys(attributesOf).join(', ')
    return `no check for "${block.language}" blocks; there are ${languages}`
  }
  const unknown = Object.keys(block.attributes).find((name) => !known.includes(name))
  if (unknown !== undefined) return `a ${block.language} block has no "${unknown}"`
  if (block.given !== '' && !isModule(block)) return 'only a ts or js block can have given lines'
  if (block.language === 'mermaid' && !diagram.test(block.text)) return 'no kind of diagram'
  const file = block.attributes['file']
  if (file === undefined) return undefined
  if (!/^[\w][\w./-]*\.\w+$/.test(file) || file.includes('..'))
    return `file=${file} is no file name`
  if (seen.has(file)) return `file=${file} is named twice on this page`
  seen.add(file)
  return undefined
}

function isModule(block: Block): boolean {
  return block.language === 'ts' || block.language === 'js'
}

function namedFiles(blocks: readonly Block[]): Map<string, Block> {
  const named = blocks.filter((block) => block.attributes['file'] !== undefined)
  return new Map(named.map((block) => [block.attributes['file'] as string, block]))
}

/** Its file name, or one made from its line. */
function moduleName(block: Block): string {
  const extension = block.language === 'ts' ? 'ts' : 'mjs'
  return block.attributes['file'] ?? `block-${block.line}.${extension}`
}

function stepOf(block: Block): Step[] {
  switch (block.language) {
    case 'ts':
    case 'js':
      if (block.attributes['run'] === undefined) return []
      return [{ kind: 'run', block, file: moduleName(block) }]
    case 'sh':
      return [{ kind: 'shell', block }]
    case 'json':
      return [{ kind: 'json', block }]
    case 'sql':
      return [{ kind: 'sql', block }]
    case 'text':
      return block.attributes['output'] === undefined ? [] : [{ kind: 'output', block }]
    default:
      return []
  }
}

/** What a module holds: the hidden lines, then the shown ones. */
export function sourceOf(block: Block): string {
  return block.given + block.text
}

/** Where a line of a module stands on its page. */
export function lineOnPage(block: Block, line: number): number {
  return Math.max(block.line, block.line + line - block.given.split('\n').length + 1)
}

/** The folder that stands for a page's project where the compiler looks. */
export function projectFolder(page: string): string {
  return posix.join('docs', '.blocks', page.replaceAll(/[^\w.-]/g, '-'))
}
