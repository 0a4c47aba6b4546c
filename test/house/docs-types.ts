/**
 * Compiles every module of every page in one program, without writing a file.
 *
 * The pages' projects are laid over the file system below `docs/.blocks/`, so that our own name is
 * found in the sources and other packages in `node_modules`. Unused names are allowed there: a page
 * shows declarations without using them.
 */
import { join } from 'node:path'
import ts from 'typescript'
import { lineOnPage, type Page, projectFolder, sourceOf } from './docs.ts'
import type { Block } from './markdown.ts'
import { root } from './repository.ts'

/** What the compiler says, per page: `page:line: TS2345 message`. Pages without errors are absent. */
export type TypeErrors = (pages: readonly Page[]) => ReadonlyMap<string, readonly string[]>

/** A compiler that reads libraries and sources once, however often it is asked. */
export function typeChecker(): TypeErrors {
  const host = rememberingHost()
  return (pages) => typeErrors(pages, host)
}

function typeErrors(pages: readonly Page[], host: ts.CompilerHost): ReturnType<TypeErrors> {
  const overlay = new Map<string, Block>()
  for (const page of pages) {
    for (const [name, block] of [...page.files, ...page.modules]) {
      overlay.set(join(root, projectFolder(page.path), name), block)
    }
  }
  const roots = pages.flatMap((page) =>
    [...page.modules.keys()].map((name) => join(root, projectFolder(page.path), name)),
  )
  const program = ts.createProgram(roots, compilerOptions(), hostOver(overlay, host))
  const errors = roots.flatMap((path) => errorsIn(program, path, overlay.get(path) as Block))
  return Map.groupBy(errors, (line) => line.slice(0, line.indexOf(':')))
}

function errorsIn(program: ts.Program, path: string, block: Block): string[] {
  const source = program.getSourceFile(path)
  if (source === undefined) throw new Error(`the compiler did not read ${path}`)
  const found = [
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ]
  return found.map((diagnostic) => {
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')
    return `${block.page}:${lineOnPage(block, line)}: TS${diagnostic.code} ${message}`
  })
}

function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as {
    config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  return {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    allowJs: true,
    checkJs: true,
  }
}

function rememberingHost(): ts.CompilerHost {
  const host = ts.createCompilerHost(compilerOptions())
  const known = new Map<string, ts.SourceFile | undefined>()
  return {
    ...host,
    getSourceFile(path, ...how) {
      if (!known.has(path)) known.set(path, host.getSourceFile(path, ...how))
      return known.get(path)
    },
  }
}

function hostOver(overlay: ReadonlyMap<string, Block>, host: ts.CompilerHost): ts.CompilerHost {
  const folders = new Set([...overlay.keys()].flatMap(foldersOf))
  const textOf = (path: string): string | undefined => {
    const block = overlay.get(path)
    return block === undefined ? undefined : sourceOf(block)
  }
  return {
    ...host,
    fileExists: (path) => overlay.has(path) || host.fileExists(path),
    directoryExists: (path) => folders.has(path) || (host.directoryExists?.(path) ?? false),
    readFile: (path) => textOf(path) ?? host.readFile(path),
    getSourceFile: (path, target, ...rest) => {
      const text = textOf(path)
      if (text === undefined) return host.getSourceFile(path, target, ...rest)
      return ts.createSourceFile(path, text, target)
    },
  }
}

function foldersOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, end) => parts.slice(0, end).join('/')).filter((folder) => folder !== '')
}
