/** The command line to what is asked for. Reads no file. */

import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { TroupeError } from '../../../mailbox/errors.ts'
import { aBoolean, anInteger, aText, checkOptions } from '../../../mailbox/options.ts'
import type { Folder } from '../ingest/walk.ts'

/** What is asked when nothing is. */
export const defaultQuestion = 'What happens to a message when a worker dies?'

/** How to call the example. */
export const usage = `npm start -- ["question"] [--docs DIR] [--store FILE] [--workers N]

  question       what to ask; default: ${defaultQuestion}
  --docs DIR     the folder to answer from; default: this project's README.md and docs/
  --store FILE   where the history is kept; default: .troupe/knowledge-base.db
  --workers N    worker threads, 0 for none; default: 4`

/** Everything the example was asked for. */
export interface Arguments {
  readonly help: boolean
  readonly question: string
  readonly folder: Folder
  /** Absolute path of the store; the index stands beside it. */
  readonly store: string
  readonly workers: number
}

/** Where relative paths start, and where this project is. */
export interface Places {
  readonly cwd: string
  readonly project: string
}

const names = { docs: aText, store: aText, workers: anInteger(0, 64), help: aBoolean }

/**
 * @param argv without `node` and the script
 * @throws OPTION_INVALID naming the option and what it expects
 */
export function parseArguments(argv: readonly string[], { cwd, project }: Places): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    strict: false,
    options: {
      docs: { type: 'string' },
      store: { type: 'string' },
      workers: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  const given = {
    ...values,
    ...(values['workers'] === undefined ? {} : { workers: asNumber(values['workers']) }),
  }
  checkOptions('knowledge-base', given, names)
  return {
    help: values['help'] === true,
    question: oneQuestion(positionals),
    folder: folderOf(values['docs'], cwd, project),
    store: resolve(cwd, text(values['store']) ?? join('.troupe', 'knowledge-base.db')),
    workers: typeof given.workers === 'number' ? given.workers : 4,
  }
}

/** The full-text index beside a store. */
export const indexPath = (store: string): string => store.replace(/(?:\.db)?$/, '.index.db')

/** Text that is no number stays text, so that the check can show it. */
function asNumber(value: string | boolean): unknown {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value
}

function oneQuestion(positionals: readonly string[]): string {
  const [question = defaultQuestion, second] = positionals
  if (second !== undefined) {
    throw new TroupeError(
      'OPTION_INVALID',
      `knowledge-base: expected one question, got ${positionals.length} words or options; put the question in quotes: npm start -- ${JSON.stringify(positionals.join(' '))}`,
    )
  }
  if (/[\p{L}\p{N}]/u.test(question)) return question
  throw new TroupeError(
    'OPTION_INVALID',
    `knowledge-base: expected a question, got ${JSON.stringify(question)}; leave it out for the default one.`,
  )
}

/** Paths are shown relative to where the user stands, if the folder is below it. */
function folderOf(docs: string | boolean | undefined, cwd: string, project: string): Folder {
  const given = text(docs)
  if (given === undefined) return { base: project, entries: ['README.md', 'docs'] }
  const below = relative(cwd, resolve(cwd, given))
  const outside = below.startsWith('..') || isAbsolute(below)
  if (outside) return { base: resolve(cwd, given), entries: ['.'] }
  return { base: cwd, entries: [below === '' ? '.' : below.split(sep).join('/')] }
}

const text = (value: string | boolean | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined
