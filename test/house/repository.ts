/** Where the repository is and what it holds, for the tests that read the project itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the project's root folder. */
export const root = fileURLToPath(new URL('../..', import.meta.url))

/** The rooms, lowest first: a room imports itself and those before it. */
export const rooms = Object.freeze(['mailbox', 'persistence', 'actors', 'runtime'] as const)

/** A source text per path, relative to the root and with forward slashes. */
export type SourceTree = ReadonlyMap<string, string>

/** What the tests need of package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly engines: { readonly node: string }
  readonly bin: Readonly<Record<string, string>>
  readonly exports: Readonly<Record<string, ExportTarget>>
  readonly files: readonly string[]
  readonly scripts: Readonly<Record<string, string>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

export type ExportTarget = string | null | { readonly types: string; readonly default: string }

/** Reads a file of the repository as text. */
export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function manifest(): Manifest {
  return JSON.parse(read('package.json')) as Manifest
}

/** The paths below `folders` that end in `extension`, sorted, without installed packages. */
export function filesIn(folders: readonly string[], extension: string): string[] {
  return folders
    .flatMap((folder) => walk(folder))
    .filter((path) => path.endsWith(extension))
    .sort()
}

/** The TypeScript sources below `folders`. */
export function sourcesIn(folders: readonly string[]): SourceTree {
  return new Map(filesIn(folders, '.ts').map((path) => [path, read(path)]))
}

function walk(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : walk(path)
    return [path]
  })
}

function entriesOf(folder: string) {
  try {
    return readdirSync(join(root, folder), { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
