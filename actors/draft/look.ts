/**
 * What a read handler of a durable actor sees of its state (T1): the state itself, as it is now, seen
 * through glass. No draft: a draft is one turn's, while a read may last through several turns and sees
 * what each of them left.
 *
 * Invariants
 * 1. Nothing reached through a view can change the state: a write throws STATE_READ_ONLY.
 * 2. Nothing is copied but dates and typed arrays, which a handler gets as copies of its own. A look
 *    costs one proxy for each container that is touched.
 * 3. The same container is the same view, so `s.a === s.a` and `list.includes(list[0])`.
 */
import { inspect } from 'node:util'
import { TroupeError } from '../../mailbox/errors.ts'
import { copy } from '../../persistence/copy.ts'
import { kindOf, PLAIN } from '../../persistence/kinds.ts'

/** The views of one read. */
export class Looks {
  readonly #views = new Map<object, object>()

  /** A value of the state as a handler may see it. */
  at(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value
    const known = this.#views.get(value)
    if (known !== undefined) return known
    const view = this.#make(value)
    this.#views.set(value, view)
    return view
  }

  #make(base: object): object {
    switch (kindOf(base)) {
      case 'record':
        return new Proxy(new Pane(base), new Glass(this, base))
      case 'array':
        return new Proxy(arrayPane(base), new Glass(this, base))
      case 'map':
      case 'set':
        return new Proxy(new Pane(base), new CollectionGlass(this, base))
      case 'date':
      case 'bytes':
      case 'secret':
      case undefined:
        return copy(base, 0) as object
    }
  }
}

/** A proxy's target: `console.log` looks at it and not through the proxy. Never the base, which may be frozen. */
class Pane {
  readonly #base: object

  constructor(base: object) {
    this.#base = base
  }

  [inspect.custom](): unknown {
    return this.#base
  }
}

/** A proxy is an array to `Array.isArray` and JSON only if its target is one. */
function arrayPane(base: object): unknown[] {
  return Object.defineProperty([], inspect.custom, { value: () => base, configurable: true })
}

/** Traps over a plain object or an array. */
class Glass implements ProxyHandler<object> {
  protected readonly looks: Looks
  protected readonly base: object

  constructor(looks: Looks, base: object) {
    this.looks = looks
    this.base = base
  }

  get(_target: object, key: PropertyKey): unknown {
    if (key === PLAIN) return (depth: number) => copy(this.base, depth)
    return this.looks.at(Reflect.get(this.base, key))
  }

  has(_target: object, key: PropertyKey): boolean {
    return Reflect.has(this.base, key)
  }

  ownKeys(): (string | symbol)[] {
    return Reflect.ownKeys(this.base)
  }

  getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    const found = Reflect.getOwnPropertyDescriptor(this.base, key)
    if (found === undefined) return undefined
    // An array's length is the one property that the target has too, and must look as it does there.
    const configurable = !(Array.isArray(target) && key === 'length')
    return { ...found, value: this.looks.at(found.value), writable: true, configurable }
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.base)
  }

  set(_target: object, key: PropertyKey): never {
    throw readOnly(key)
  }

  defineProperty(_target: object, key: PropertyKey): never {
    throw readOnly(key)
  }

  deleteProperty(_target: object, key: PropertyKey): never {
    throw readOnly(key)
  }

  setPrototypeOf(): never {
    throw readOnly('its prototype')
  }

  preventExtensions(): never {
    throw readOnly('its being frozen')
  }
}

type Visit = (value: unknown, key: unknown, of: unknown) => void

/** Methods of Map and Set that only look and answer with keys, members or new objects. Others are refused. */
const harmless: ReadonlySet<PropertyKey> = new Set([
  'has',
  'keys',
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
])

/** Traps over a Map or a Set, whose methods want the real one as `this`. Its keys are primitives. */
class CollectionGlass extends Glass {
  declare protected readonly base: ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>

  override get(target: object, key: PropertyKey, view?: unknown): unknown {
    switch (key) {
      case 'get':
        return (k: unknown) => this.looks.at((this.base as ReadonlyMap<unknown, unknown>).get(k))
      case 'forEach':
        return (visit: Visit, self?: unknown) => this.#visit(visit, self, view)
      case 'values':
        return () => this.#values()
      case 'entries':
        return () => this.#entries()
      case Symbol.iterator:
        return () => (this.base instanceof Map ? this.#entries() : this.#values())
      default:
        return key === PLAIN ? super.get(target, key) : this.#member(key)
    }
  }

  #member(key: PropertyKey): unknown {
    const value: unknown = Reflect.get(this.base, key, this.base)
    if (typeof value !== 'function' || key === 'constructor') return value
    if (harmless.has(key)) return value.bind(this.base)
    return () => {
      throw readOnly(`${String(key)}()`)
    }
  }

  #visit(visit: Visit, self: unknown, view: unknown): void {
    for (const [key, value] of this.#entries()) visit.call(self, value, key, view)
  }

  *#values(): Generator<unknown> {
    for (const value of this.base.values()) yield this.looks.at(value)
  }

  *#entries(): Generator<[unknown, unknown]> {
    for (const [key, value] of this.base.entries()) yield [key, this.looks.at(value)]
  }
}

/** A refused change of what `what` names. */
export function readOnly(what: PropertyKey): TroupeError {
  return new TroupeError(
    'STATE_READ_ONLY',
    `expected a read handler to only look at ctx.state, it tried to change ${String(what)}; copy what you want to rearrange (for an array: toSorted, toSpliced, [...list]), or handle the message in "on"`,
  )
}
