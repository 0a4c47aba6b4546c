/**
 * Topics: dot-separated segments, and patterns over them, `*` for one segment and `**` for any
 * number of them, none included. `order` never matches `border`: segments match whole.
 *
 * Topics of the runtime's own begin with `$`: no user can name one, and no wildcard reaches one.
 *
 * Used by the ledger for durable subscribers and by the runtime for volatile ones.
 */
import { shown, TroupeError } from '../mailbox/errors.ts'

/** Longest topic or pattern, in characters. */
export const maxTopicLength = 256

const segment = '[A-Za-z0-9_-]+'
const topicShape = new RegExp(`^${segment}(\\.${segment})*$`)
const patternShape = new RegExp(`^(${segment}|\\*{1,2})(\\.(${segment}|\\*{1,2}))*$`)

/** @throws ADDRESS_INVALID unless `topic` is segments of letters, digits, `_`, `-`, joined by dots */
export function checkTopic(topic: unknown): asserts topic is string {
  check(topic, topicShape, 'a topic is segments of letters, digits, "_" or "-" joined by "."')
}

/** @throws ADDRESS_INVALID unless `pattern` is a topic whose segments may also be `*` or `**` */
export function checkPattern(pattern: unknown): asserts pattern is string {
  check(pattern, patternShape, 'a topic pattern is topic segments, "*" or "**", joined by "."')
}

function check(text: unknown, shape: RegExp, expected: string): void {
  if (typeof text === 'string' && text.length <= maxTopicLength && shape.test(text)) return
  throw new TroupeError(
    'ADDRESS_INVALID',
    `${expected}, at most ${maxTopicLength} characters; got ${shown(text)}`,
  )
}

const end = '$end '

/** What durable watchers of an actor subscribe to (F6). */
export function endTopic(actor: string): string {
  return `${end}${actor}`
}

/** Whose end a topic tells; undefined for any other topic. */
export function endOf(topic: string): string | undefined {
  return topic.startsWith(end) ? topic.slice(end.length) : undefined
}

function isOwn(topic: string): boolean {
  return topic.startsWith('$')
}

/** The trie's path of a pattern. */
function partsOf(pattern: string): string[] {
  return isOwn(pattern) ? [pattern] : pattern.split('.')
}

/** A trie of patterns. `rest` nodes stand for a `**` and keep themselves while segments go by. */
interface Node<T> {
  readonly children: Map<string, Node<T>>
  readonly values: Set<T>
  readonly isRest: boolean
}

/** Patterns with values, and the question which values a topic reaches. */
export class TopicIndex<T> {
  readonly #root: Node<T> = node(false)
  #size = 0

  /** Number of (pattern, value) pairs. */
  get size(): number {
    return this.#size
  }

  /** Adds a value under a checked pattern; adding it again changes nothing. */
  add(pattern: string, value: T): void {
    let at = this.#root
    for (const part of partsOf(pattern)) {
      let next = at.children.get(part)
      if (next === undefined) {
        next = node(part === '**')
        at.children.set(part, next)
      }
      at = next
    }
    if (at.values.has(value)) return
    at.values.add(value)
    this.#size += 1
  }

  /** Removes a value from a pattern, and branches that became empty. */
  remove(pattern: string, value: T): void {
    const path: Node<T>[] = [this.#root]
    const parts = partsOf(pattern)
    for (const part of parts) {
      const next = path.at(-1)?.children.get(part)
      if (next === undefined) return
      path.push(next)
    }
    if (path.at(-1)?.values.delete(value) !== true) return
    this.#size -= 1
    prune(path, parts)
  }

  /** Values whose pattern matches the topic, each once, in no particular order. */
  match(topic: string): Set<T> {
    if (isOwn(topic)) return new Set(this.#root.children.get(topic)?.values)
    const found = new Set<T>()
    if (this.#size === 0) return found
    // All branches at once, a set of nodes per segment: several `**` cost no more than linear.
    let here = new Set<Node<T>>()
    enter(this.#root, here)
    for (const part of topic.split('.')) {
      const next = new Set<Node<T>>()
      for (const at of here) advance(at, part, next)
      here = next
    }
    for (const at of here) for (const value of at.values) found.add(value)
    return found
  }
}

/** True when the pattern matches the topic; `*` is one segment, `**` any number. */
export function matchesTopic(pattern: string, topic: string): boolean {
  const index = new TopicIndex<true>()
  index.add(pattern, true)
  return index.match(topic).size > 0
}

function node<T>(isRest: boolean): Node<T> {
  return { children: new Map(), values: new Set(), isRest }
}

/** Stands on a node, and on the `**` below it, which may match nothing. */
function enter<T>(at: Node<T>, into: Set<Node<T>>): void {
  if (into.has(at)) return
  into.add(at)
  const rest = at.children.get('**')
  if (rest !== undefined) enter(rest, into)
}

function advance<T>(at: Node<T>, part: string, into: Set<Node<T>>): void {
  if (at.isRest) enter(at, into)
  const exact = at.children.get(part)
  if (exact !== undefined) enter(exact, into)
  const star = at.children.get('*')
  if (star !== undefined) enter(star, into)
}

function prune<T>(path: readonly Node<T>[], parts: readonly string[]): void {
  for (let depth = parts.length; depth > 0; depth -= 1) {
    const last = path[depth]
    if (last === undefined || last.values.size > 0 || last.children.size > 0) return
    path[depth - 1]?.children.delete(parts[depth - 1] ?? '')
  }
}
