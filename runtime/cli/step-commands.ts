/** The words of `troupe step`: each does one thing with the walk and says whether to show where it is. */
import { TroupeError } from '../../mailbox/errors.ts'
import { nearest } from '../../mailbox/options.ts'
import type { Walk } from '../../persistence/replay/walk.ts'

/** What came of a typed line. */
export type Answer =
  /** The walk has moved, or is to be shown again. */
  | { readonly kind: 'moved' }
  /** It could not move. */
  | { readonly kind: 'stayed'; readonly why: string }
  | { readonly kind: 'state'; readonly actor: string | undefined }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'quit' }

interface Word {
  readonly keys: readonly string[]
  /** What follows it, for the help. */
  readonly takes?: string
  readonly says: string
  run(walk: Walk, rest: string): Answer
}

const moved: Answer = Object.freeze({ kind: 'moved' })

function stayed(why: string): Answer {
  return { kind: 'stayed', why }
}

/** Every word, in the order of the help. */
const words: readonly Word[] = Object.freeze([
  {
    keys: ['n', 'next', ''],
    says: 'the next record; an empty line is the same',
    run: (walk) => (walk.forward() ? moved : stayed('this is the last record')),
  },
  {
    keys: ['p', 'prev'],
    says: 'the record before',
    run: (walk) => (walk.back() ? moved : stayed('this is the first record')),
  },
  {
    keys: ['f', 'failure'],
    says: 'the next failure: failed, parked or dead letter',
    run: (walk) => (walk.toFailure() ? moved : stayed('nothing fails after this')),
  },
  {
    keys: ['g', 'goto'],
    takes: 'N',
    says: 'the record at a position',
    run: (walk, rest) => {
      walk.toPosition(Number(needed(rest, 'a position', /^\d+$/)))
      return moved
    },
  },
  {
    keys: ['m', 'message'],
    takes: 'ID',
    says: 'the first record that holds a message: @p12.0, @v3.17 or the sender’s own id',
    run: (walk, rest) =>
      walk.toMessage(needed(rest, 'an id')) ? moved : stayed('no record holds it'),
  },
  {
    keys: ['c', 'change'],
    takes: 'PLACE',
    says: 'the next change of a place in the state of the actor chosen by `a`',
    run: (walk, rest) =>
      walk.toChange(needed(rest, 'a place')) ? moved : stayed(`nothing changes ${rest} after this`),
  },
  {
    keys: ['a', 'actor'],
    takes: '[TYPE/KEY]',
    says: 'stops only at records of an actor; without one, at all',
    run: (walk, rest) => {
      walk.only(rest === '' ? {} : { actor: rest })
      const text = rest === '' ? 'stops at every record' : `stops at records of ${rest}`
      return { kind: 'text', text }
    },
  },
  {
    keys: ['s', 'state'],
    takes: '[TYPE/KEY]',
    says: 'the whole state of an actor here; by default of the record’s',
    run: (_walk, rest) => ({ kind: 'state', actor: rest === '' ? undefined : rest }),
  },
  { keys: ['w', 'where'], says: 'shows this record again', run: () => moved },
  {
    keys: ['h', 'help', '?'],
    says: 'this list',
    run: () => ({ kind: 'text', text: stepWords() }),
  },
  { keys: ['q', 'quit'], says: 'the end; so is Ctrl-D', run: () => ({ kind: 'quit' }) },
] satisfies readonly Word[])

/** The words as a table. */
export function stepWords(): string {
  const rows = words.map(({ keys, takes, says }) => {
    const names = keys.filter((key) => key !== '').join(', ')
    return [takes === undefined ? names : `${names} ${takes}`, says] as const
  })
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, says]) => `  ${left.padEnd(width)}  ${says}`).join('\n')
}

/** Does what a line says. @throws OPTION_INVALID for a word that is none, or what follows it */
export function obey(walk: Walk, line: string): Answer {
  const [, key = '', rest = ''] = /^(\S*)\s*(.*?)\s*$/.exec(line.trim()) ?? []
  const word = words.find(({ keys }) => keys.includes(key))
  if (word !== undefined) return word.run(walk, rest)
  const near = nearest(
    key,
    words.flatMap(({ keys }) => keys.filter((one) => one.length > 1)),
  )
  const hint = near === undefined ? '"h" lists them' : `did you mean "${near}"?`
  throw new TroupeError('OPTION_INVALID', `unknown word ${JSON.stringify(key)}; ${hint}`)
}

function needed(rest: string, what: string, shape = /./): string {
  if (shape.test(rest)) return rest
  throw new TroupeError('OPTION_INVALID', `expected ${what}, got ${JSON.stringify(rest)}`)
}
