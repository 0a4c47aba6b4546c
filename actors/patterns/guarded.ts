/**
 * Input from outside: checked, and left as it is. A schema that first looks at what no schema looks at
 * (plain data, size, text, keys of the context) and then asks the one it is given.
 *
 * It refuses with reasons and repairs nothing: what is deleted from a text corrupts names and code and
 * stops no injection. That is stopped where the text is used: by parameters of a query, by encoding for a
 * page, by keeping what a user said apart from instructions.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { TroupeError } from '../../mailbox/errors.ts'
import { anInteger, anObject, checkOptions, nearest, oneOf } from '../../mailbox/options.ts'
import { assertEncodable } from '../../persistence/encodable.ts'
import { type Fields, kindOf } from '../../persistence/kinds.ts'
import { problemOfText } from './unicode.ts'

/** Options of {@link guarded}. */
export interface GuardOptions {
  /** Most bytes of the input as JSON, in UTF-8; default 64 KiB. */
  readonly maxBytes?: number
  /** The keys that a field may have, by its name: `{ context: ['locale', 'plan'] }`. */
  readonly keys?: { readonly [field: string]: readonly string[] }
  /** `visible` (default) refuses texts with what cannot be seen; `any` lets every text pass. */
  readonly text?: 'visible' | 'any'
}

type Issue = StandardSchemaV1.Issue
type Path = readonly PropertyKey[]

/** Most reasons in one refusal. */
const mostIssues = 20

/**
 * A schema with a guard before it; use it wherever a schema goes: `message({ input: guarded(schema) })`.
 * Its issues say what, where and why. What passes reaches `schema`, and the handler, as it came.
 *
 * @throws OPTION_INVALID
 */
export function guarded<Schema extends StandardSchemaV1>(
  schema: Schema,
  options: GuardOptions = {},
): StandardSchemaV1<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>> {
  checkOptions('guarded', options, {
    maxBytes: anInteger(1),
    keys: anObject,
    text: oneOf('visible', 'any'),
  })
  return {
    '~standard': {
      version: 1,
      vendor: 'troupe',
      validate(value) {
        const issues = issuesOf(value, options)
        if (issues.length > 0) return { issues }
        return schema['~standard'].validate(value) as never
      },
    },
  }
}

function issuesOf(value: unknown, options: GuardOptions): readonly Issue[] {
  const { maxBytes = 65_536, keys = {}, text = 'visible' } = options
  const first = problemOfData(value) ?? problemOfSize(value, maxBytes)
  if (first !== undefined) return [first]
  const issues = [...unknownKeys(value, keys)]
  if (text === 'visible') addTextIssues(value, [], issues)
  return issues.slice(0, mostIssues)
}

/** What is refused here would be refused on its way anyway (T5); as an issue it has its place. */
function problemOfData(value: unknown): Issue | undefined {
  try {
    assertEncodable(value, 'input')
    return undefined
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return { message: error.message, path: [String(error.fields['path'] ?? '')].filter(Boolean) }
  }
}

function problemOfSize(value: unknown, most: number): Issue | undefined {
  const bytes = sizeOf(value)
  if (bytes <= most) return undefined
  return { message: `has ${bytes} bytes, at most ${most} are accepted` }
}

/** As JSON; of what JSON has no form for, about what it takes. */
function sizeOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return Buffer.byteLength(JSON.stringify(value))
    case 'object':
      return value === null ? 4 : sizeOfObject(value)
    default:
      return String(value).length
  }
}

function sizeOfObject(value: object): number {
  switch (kindOf(value)) {
    case 'record':
      return sum(Object.entries(value), ([name, item]) => sizeOf(name) + 2 + sizeOf(item))
    case 'array':
    case 'set':
      return sum([...(value as Iterable<unknown>)], (item) => 1 + sizeOf(item))
    case 'map':
      return sum(
        [...(value as Map<unknown, unknown>)],
        ([key, item]) => sizeOf(key) + 2 + sizeOf(item),
      )
    case 'bytes':
      return (value as Uint8Array).byteLength
    default:
      return 64
  }
}

function sum<T>(items: readonly T[], sizeOfItem: (item: T) => number): number {
  return items.reduce((total, item) => total + sizeOfItem(item), items.length === 0 ? 2 : 1)
}

function* unknownKeys(value: unknown, keys: NonNullable<GuardOptions['keys']>): Generator<Issue> {
  for (const [field, allowed] of Object.entries(keys)) {
    const inner = isRecord(value) && Object.hasOwn(value, field) ? value[field] : undefined
    if (!isRecord(inner)) continue
    for (const key of Object.keys(inner)) {
      if (allowed.includes(key)) continue
      const near = nearest(key, allowed)
      const hint =
        near === undefined ? `accepted are ${allowed.join(', ')}` : `did you mean "${near}"?`
      yield { message: `is no accepted key; ${hint}`, path: [field, key] }
    }
  }
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && kindOf(value) === 'record'

function addTextIssues(value: unknown, path: Path, issues: Issue[]): void {
  if (issues.length >= mostIssues) return
  if (typeof value === 'string') return addTextIssue(value, path, issues)
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of entriesOf(value)) {
    const place = [...path, typeof key === 'number' ? key : String(key)]
    if (typeof key === 'string') addTextIssue(key, place, issues)
    addTextIssues(item, place, issues)
  }
}

function addTextIssue(text: string, path: Path, issues: Issue[]): void {
  const message = problemOfText(text)
  if (message !== undefined) issues.push({ message, path })
}

function entriesOf(value: object): Iterable<readonly [unknown, unknown]> {
  switch (kindOf(value)) {
    case 'record':
      return Object.entries(value)
    case 'array':
      return (value as readonly unknown[]).entries()
    case 'set':
      return [...(value as ReadonlySet<unknown>)].entries()
    case 'map':
      return value as ReadonlyMap<unknown, unknown>
    default:
      return []
  }
}
