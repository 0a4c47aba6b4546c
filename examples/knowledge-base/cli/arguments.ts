/** The command line to what is asked for. Opens no file. */

import { statSync } from 'node:fs'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { TroupeError } from 'troupe/contract'
import type { Folder } from '../ingest/walk.ts'
import { embedded, modelPattern } from '../models.ts'

/** What is asked when nothing is. */
export const defaultQuestion = 'What happens to a message when a worker dies?'

/** Threads that ingest and orchestrator share; the agents have one each besides. */
const defaultWorkers = 1
const mostWorkers = 64

/** How to call the example. */
export const usage = `npm start -- ["question"] [--docs DIR] [--store FILE] [--model MODEL] [--workers N]

  question       what to ask; default: ${defaultQuestion}
  --docs DIR     the folder to answer from; default: this project's README.md and docs/
  --store FILE   where the history is kept; default: .troupe/knowledge-base.db
  --model MODEL  ${embedded}, which is built in, or bedrock:ID; default: ${embedded}
  --workers N    threads besides the four agents' own; 0 runs everything on one; default: ${defaultWorkers}`

/** Everything the example was asked for. */
export interface Arguments {
  readonly help: boolean
  readonly question: string
  readonly folder: Folder
  /** Absolute path of the store; the index stands beside it. */
  readonly store: string
  /** `extractive`, or `bedrock:ID`. */
  readonly model: string
  readonly workers: number
}

/** Where relative paths start, and where this project is. */
export interface Places {
  readonly cwd: string
  readonly project: string
}

/**
 * @param argv without `node` and the script
 * @throws OPTION_INVALID naming the option and what it expects
 */
export function parseArguments(argv: readonly string[], { cwd, project }: Places): Arguments {
  const { values, positionals } = parse(argv)
  return {
    help: values.help === true,
    question: oneQuestion(positionals),
    folder: folderOf(filled('docs', values.docs), cwd, project),
    store: resolve(cwd, filled('store', values.store) ?? join('.troupe', 'knowledge-base.db')),
    model: modelOf(values.model),
    workers: numberOf(values.workers),
  }
}

/** The full-text index beside a store. */
export const indexPath = (store: string): string => store.replace(/(?:\.db)?$/, '.index.db')

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        docs: { type: 'string' },
        store: { type: 'string' },
        model: { type: 'string' },
        workers: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw invalid(`${firstSentence(cause)}; npm start -- --help lists the options`, cause)
  }
}

/** Node says what is wrong in one sentence, and then how to write positional arguments. */
const firstSentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/(?:\. |\.?\n)[\s\S]*$/, '')

function numberOf(workers: string | undefined): number {
  if (workers === undefined) return defaultWorkers
  if (/^\d+$/.test(workers) && Number(workers) <= mostWorkers) return Number(workers)
  throw invalid(`--workers must be an integer from 0 to ${mostWorkers}, got "${workers}"`)
}

function modelOf(name: string = embedded): string {
  if (modelPattern.test(name)) return name
  throw invalid(
    `--model must be ${embedded} or bedrock:ID, for example bedrock:amazon.nova-lite-v1:0, got ${JSON.stringify(name)}`,
  )
}

function filled(option: string, value: string | undefined): string | undefined {
  if (value !== '') return value
  throw invalid(`--${option} expects a path, got an empty text`)
}

function oneQuestion(positionals: readonly string[]): string {
  const [question = defaultQuestion, second] = positionals
  if (second !== undefined) {
    throw invalid(
      `expected one question, got ${positionals.length} words or options; put the question in quotes: npm start -- ${JSON.stringify(positionals.join(' '))}`,
    )
  }
  if (/[\p{L}\p{N}]/u.test(question)) return question
  throw invalid(
    `expected a question, got ${JSON.stringify(question)}; leave it out for the default one`,
  )
}

/** Paths are shown relative to where the user stands, if the folder is below it. */
function folderOf(docs: string | undefined, cwd: string, project: string): Folder {
  if (docs === undefined) return { base: project, entries: ['README.md', 'docs'] }
  checkFolder(docs, resolve(cwd, docs))
  const below = relative(cwd, resolve(cwd, docs))
  const outside = below.startsWith('..') || isAbsolute(below)
  if (outside) return { base: resolve(cwd, docs), entries: ['.'] }
  return { base: cwd, entries: [below === '' ? '.' : below.split(sep).join('/')] }
}

/** An answer from nothing would look like an answer. */
function checkFolder(docs: string, path: string): void {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isDirectory()) return
  const what = found === undefined ? 'it is not there' : 'it is no folder'
  throw invalid(`--docs must name a folder to read, got ${JSON.stringify(docs)}: ${what}`)
}

/** A mistake in the arguments. */
export const invalid = (what: string, cause?: unknown): TroupeError =>
  new TroupeError('OPTION_INVALID', `knowledge-base: ${what}`, { cause })
