/** The command line to what is asked for. Opens no file. */

import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { invalid, type Settings } from '../settings.ts'

const mostWorkers = 64

/** How to call the example. */
export const usage = `npm run support -- ["question"] [options]

Without a question it is a conversation: write, and end with Ctrl-D.

  question        what the customer writes, in quotes
  --customer NAME whose conversation: letters, digits and "-"; default: anna
  --waiting       lists what waits for a human, of all customers
  --approve ID    allows one of them; --refuse ID does not
  --by NAME       who decides; --note TEXT says why, for the customer
  --kill REASON   stops the customer's agent, now and after every restart; --revive lets it live again
  --model MODEL   clerk, which is built in, or bedrock:ID; default: clerk
  --store FILE    where the conversations are; the refunds stand beside it; default: .troupe/support.db
  --workers N     threads, 0 to ${mostWorkers}; 0 runs everything on one; default: 1
  --pace MS       between two pieces of what the clerk says; default: 25 on a terminal, else 0`

/** One thing that is to be done. */
export type Action =
  | { readonly do: 'ask'; readonly text: string }
  | { readonly do: 'talk' }
  | { readonly do: 'waiting' }
  | ({ readonly do: 'decide' } & Verdict)
  | { readonly do: 'kill'; readonly reason: string }
  | { readonly do: 'revive' }

/** What a human says to something that waits. */
export interface Verdict {
  /** Id of the approval, or its first letters. */
  readonly approval: string
  readonly approve: boolean
  readonly by: string
  readonly note: string
}

/** Everything the example was asked for. */
export interface Arguments {
  readonly help: boolean
  readonly customer: string
  readonly action: Action
  readonly settings: Settings
  /** Absolute path. */
  readonly store: string
  readonly workers: number
}

/** Where relative paths start, and whether a human reads along. */
export interface Place {
  readonly cwd: string
  readonly isTerminal: boolean
}

/**
 * @param argv without `node` and the script
 * @throws OPTION_INVALID naming the option and what it expects
 */
export function parseArguments(argv: readonly string[], { cwd, isTerminal }: Place): Arguments {
  const { values, positionals } = parse(argv)
  const store = resolve(cwd, filled('store', values.store) ?? join('.troupe', 'support.db'))
  return {
    help: values.help === true,
    customer: customerOf(values.customer ?? 'anna'),
    action: actionOf(values, positionals),
    settings: {
      model: modelOf(values.model ?? 'clerk'),
      ledger: ledgerPath(store),
      pace: numberOf('pace', values.pace, isTerminal ? 25 : 0, 600_000),
    },
    store,
    workers: numberOf('workers', values.workers, 1, mostWorkers),
  }
}

/** The refunds beside a store. */
export const ledgerPath = (store: string): string => store.replace(/(?:\.db)?$/, '.refunds.jsonl')

type Values = ReturnType<typeof parse>['values']

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        customer: text,
        waiting: flag,
        approve: text,
        refuse: text,
        by: text,
        note: text,
        kill: text,
        revive: flag,
        model: text,
        store: text,
        workers: text,
        pace: text,
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (cause) {
    throw invalid(`${firstSentence(cause)}; npm run support -- --help lists the options`, cause)
  }
}

/** Node says what is wrong in one sentence, and then how to write positional arguments. */
const firstSentence = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/(?:\. |\.?\n)[\s\S]*$/, '')

/** Exactly one thing is done. */
function actionOf(values: Values, positionals: readonly string[]): Action {
  const { waiting, approve, refuse, kill, revive, by = 'a colleague', note = '' } = values
  const [text, second] = positionals
  if (second !== undefined) {
    throw invalid(
      `expected one question, got ${positionals.length} words; put the question in quotes: npm run support -- ${JSON.stringify(positionals.join(' '))}`,
    )
  }
  const verdict = (id: string, yes: boolean): Action => ({
    do: 'decide',
    approval: filled(yes ? 'approve' : 'refuse', id) ?? '',
    approve: yes,
    by,
    note,
  })
  const wanted: readonly (Action | false | undefined)[] = [
    text !== undefined && { do: 'ask', text },
    waiting && { do: 'waiting' },
    approve !== undefined && verdict(approve, true),
    refuse !== undefined && verdict(refuse, false),
    kill !== undefined && { do: 'kill', reason: filled('kill', kill) ?? '' },
    revive && { do: 'revive' },
  ]
  const actions = wanted.filter((one) => one !== undefined && one !== false)
  if (actions.length > 1) {
    const named = actions.map((one) => one.do).join(' and ')
    throw invalid(`one thing at a time, not ${named}`)
  }
  return actions[0] ?? { do: 'talk' }
}

function customerOf(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,63}$/.test(name)) return name
  throw invalid(
    `--customer must be 1 to 64 lower-case letters, digits and "-", got ${JSON.stringify(name)}`,
  )
}

function modelOf(name: string): string {
  if (name === 'clerk' || /^bedrock:\S+$/.test(name)) return name
  throw invalid(
    `--model must be clerk or bedrock:ID, for example bedrock:amazon.nova-lite-v1:0, got ${JSON.stringify(name)}`,
  )
}

function numberOf(option: string, value: string | undefined, byDefault: number, most: number) {
  if (value === undefined) return byDefault
  if (/^\d+$/.test(value) && Number(value) <= most) return Number(value)
  throw invalid(`--${option} must be an integer from 0 to ${most}, got "${value}"`)
}

function filled(option: string, value: string | undefined): string | undefined {
  if (value !== '') return value
  throw invalid(`--${option} expects a text, got an empty one`)
}
