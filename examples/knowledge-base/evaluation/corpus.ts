/**
 * The evaluation's documents: the READMEs of packages that this project's lock file pins and that
 * other people wrote. Nothing is copied here; a missing file is an error, not a smaller corpus.
 */

import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { TroupeError } from 'troupe/contract'

/** Each file's path below `node_modules`. */
export const corpusFiles = [
  'better-sqlite3/README.md',
  'comlink/README.md',
  'esbuild/README.md',
  'eventemitter3/README.md',
  'fast-check/README.md',
  'msgpackr/README.md',
  'p-queue/readme.md',
  'piscina/README.md',
  'publint/README.md',
  'valibot/README.md',
  'zod/README.md',
] as const

/** One of {@link corpusFiles}. */
export type CorpusFile = (typeof corpusFiles)[number]

/**
 * Copies the corpus out of `node_modules` into an empty folder, keeping `package/file` paths.
 *
 * @throws OPTION_INVALID when a package does not ship the file; run `npm ci`
 */
export function copyCorpus(nodeModules: string, folder: string): void {
  for (const file of corpusFiles) copyOne(join(nodeModules, file), join(folder, file))
}

function copyOne(from: string, to: string): void {
  if (!existsSync(from)) {
    throw new TroupeError(
      'OPTION_INVALID',
      `The evaluation needs ${from}, which is not there: run npm ci, or correct the corpus list.`,
    )
  }
  mkdirSync(dirname(to), { recursive: true })
  copyFileSync(from, to)
}
