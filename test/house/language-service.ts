/**
 * Asks the TypeScript language service what an editor would show.
 *
 * A fixture is a set of made-up files with markers, comments that hold one word; the questions are
 * asked at the place right after a marker. Files stand in `test/types/`, on the compiler options of the
 * project, and import its sources as any test does.
 */
import { join, posix, relative } from 'node:path'
import ts from 'typescript'
import { root } from './repository.ts'

/** What an editor shows at a marker. */
export interface Editor {
  /** Names offered, in the editor's order. */
  completions(marker: string): string[]
  /** Where go-to-definition leads. */
  definitions(marker: string): Place[]
  /** The hover: the signature on one line, and the doc comment. */
  hover(marker: string): Hover
  /** Every place that a rename changes, or why it cannot be renamed. */
  renames(marker: string): Place[] | string
  /** What the compiler underlines, as `file:line TS2345`. */
  problems(): string[]
}

export interface Place {
  /** A file of the fixture, or a path relative to the root. */
  readonly file: string
  /** Counted from 1. */
  readonly line: number
  /** The name at that place. */
  readonly name: string
}

export interface Hover {
  readonly signature: string
  readonly documentation: string
}

const folder = join(root, 'test/types')

/** Opens a fixture in an editor without a window. */
export function openEditor(files: Readonly<Record<string, string>>): Editor {
  const texts = new Map(Object.entries(files).map(([name, text]) => [join(folder, name), text]))
  const service = ts.createLanguageService(hostOver(texts))
  return {
    completions(marker) {
      const { path, offset } = find(marker)
      const found = service.getCompletionsAtPosition(path, offset, undefined)
      return (found?.entries ?? []).map(({ name }) => name)
    },
    definitions(marker) {
      const { path, offset } = find(marker)
      return (service.getDefinitionAtPosition(path, offset) ?? []).map(placeOf)
    },
    hover(marker) {
      const { path, offset } = find(marker)
      const info = service.getQuickInfoAtPosition(path, offset)
      return {
        signature: ts.displayPartsToString(info?.displayParts).replaceAll(/\s+/g, ' '),
        documentation: ts.displayPartsToString(info?.documentation),
      }
    },
    renames(marker) {
      const { path, offset } = find(marker)
      const can = service.getRenameInfo(path, offset)
      if (!can.canRename) return can.localizedErrorMessage
      return (service.findRenameLocations(path, offset, false, false, {}) ?? []).map(placeOf)
    },
    problems() {
      return [...texts.keys()].flatMap((path) =>
        [...service.getSyntacticDiagnostics(path), ...service.getSemanticDiagnostics(path)].map(
          ({ code, start = 0 }) => `${shown(path)}:${lineAt(path, start)} TS${code}`,
        ),
      )
    },
  }

  function find(marker: string): { readonly path: string; readonly offset: number } {
    const sign = `/*${marker}*/`
    for (const [path, text] of texts) {
      const at = text.indexOf(sign)
      if (at >= 0) return { path, offset: at + sign.length }
    }
    throw new Error(`the fixture has no ${sign}`)
  }

  function placeOf({ fileName, textSpan }: ts.DocumentSpan): Place {
    const text = textOf(fileName)
    return {
      file: shown(fileName),
      line: lineAt(fileName, textSpan.start),
      name: text.slice(textSpan.start, textSpan.start + textSpan.length),
    }
  }

  function shown(path: string): string {
    return texts.has(path) ? posix.relative(folder, path) : relative(root, path)
  }

  function lineAt(path: string, offset: number): number {
    return textOf(path).slice(0, offset).split('\n').length
  }

  function textOf(path: string): string {
    return texts.get(path) ?? ts.sys.readFile(path) ?? ''
  }
}

function hostOver(texts: ReadonlyMap<string, string>): ts.LanguageServiceHost {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile) as {
    config: unknown
  }
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const readFile = (path: string) => texts.get(path) ?? ts.sys.readFile(path)
  return {
    getCompilationSettings: () => options,
    getScriptFileNames: () => [...texts.keys()],
    getScriptVersion: () => '1',
    getScriptSnapshot: (path) => {
      const text = readFile(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => texts.has(path) || ts.sys.fileExists(path),
    readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  }
}
