/** Random mutation programs, run on a native copy and on a draft side by side. */

import fc from 'fast-check'

/** A value to assign: a primitive, something fresh, or an object met before. */
export type Spec =
  | { readonly kind: 'primitive'; readonly value: string | number | boolean | null | undefined }
  | { readonly kind: 'fresh'; readonly value: unknown }
  | { readonly kind: 'handle'; readonly index: number }

/** One step: which object met so far, what to do with it, where, and with what. */
export interface Step {
  readonly target: number
  readonly action: number
  readonly key: number
  readonly other: number
  readonly value: Spec
}

const primitive = fc.constantFrom<string | number | boolean | null | undefined>(
  'a',
  'b',
  1,
  2,
  3,
  -0,
  Number.NaN,
  true,
  null,
  undefined,
)

export const keys = ['a', 'b', '7', '3', 'length', 'constructor', 'z']

/** A container with containers inside; `make` is called once for each side. */
export const fresh: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    primitive,
    fc.integer({ min: 0, max: 5 }).map((time) => new Date(time)),
    fc.uint8Array({ maxLength: 3 }).map((bytes) => Uint8Array.from(bytes)),
  ),
  node: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 5 }),
    fc
      .array(fc.tuple(fc.constantFrom(...keys), tie('node')), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries)),
    fc.array(fc.tuple(primitive, tie('node')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(primitive, { maxLength: 4 }).map((members) => new Set(members)),
  ),
})).node

const small = fc.nat({ max: 11 })

export const program: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    target: small,
    action: fc.nat({ max: 19 }),
    key: small,
    other: small,
    value: fc.oneof(
      primitive.map((value): Spec => ({ kind: 'primitive', value })),
      fresh.map((value): Spec => ({ kind: 'fresh', value })),
      small.map((index): Spec => ({ kind: 'handle', index })),
    ),
  }),
  { maxLength: 25 },
)

/** Runs one step on one side. `handles` holds the objects this side met; it may grow. */
export function perform(step: Step, handles: object[], value: unknown): void {
  const target = handles[step.target % handles.length]!
  const read = actOn(target, step, value)
  if (typeof read === 'object' && read !== null && isState(read)) handles.push(read)
}

/** What a method answers may be an array of its own, no part of the state. */
function isState(value: object): boolean {
  return !answers.has(value)
}
const answers = new WeakSet<object>()
function answer<T extends object>(value: T): T {
  answers.add(value)
  return value
}

function actOn(target: object, step: Step, value: unknown): unknown {
  if (Array.isArray(target)) return actOnArray(target, step, value)
  if (target instanceof Map) return actOnMap(target, step, value)
  if (target instanceof Set) return actOnSet(target, step, value)
  if (target instanceof Date) return target.setTime(step.key)
  if (target instanceof Uint8Array) return target.fill(step.key, step.other)
  return actOnRecord(target as Record<string, unknown>, step, value)
}

function actOnRecord(target: Record<string, unknown>, step: Step, value: unknown): unknown {
  const key = keys[step.key % keys.length]!
  const child = Object.hasOwn(target, key) ? target[key] : undefined
  switch (step.action % 8) {
    case 0:
      target[key] = value
      return
    case 1:
      return delete target[key]
    case 2:
      return void Object.assign(target, { [key]: value, extra: step.other })
    case 3:
      if (Array.isArray(child)) target[key] = [...child, value]
      return
    case 4:
      if (Array.isArray(child)) target[key] = child.filter((_, i) => i !== step.other)
      return
    case 5:
      if (isRecord(child)) target[key] = { ...child, [keys[step.other % keys.length]!]: value }
      return
    case 6:
      if (child instanceof Map) target[key] = new Map([...child, [step.other, value]])
      return
    default:
      return child
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

function actOnArray(target: unknown[], step: Step, value: unknown): unknown {
  const index = target.length === 0 ? 0 : step.key % target.length
  switch (step.action) {
    case 0:
      return target.push(value, step.other)
    case 1:
      return target.pop()
    case 2:
      return target.shift()
    case 3:
      return target.unshift(value)
    case 4:
      return answer(target.splice(step.key - 6, step.other - 6, value, step.key))
    case 5:
      return answer(target.splice(step.key, 1))
    case 6:
      target[index] = value
      return
    case 7:
      target.length = index
      return
    case 8:
      return target.reverse()
    case 9:
      return target.sort()
    case 10:
      return target.fill(value, step.key, step.other)
    case 11:
      return target.copyWithin(step.key - 6, step.other - 6)
    case 12:
      return target.push(value)
    default:
      return target.at(step.key - 6)
  }
}

function actOnMap(target: Map<unknown, unknown>, step: Step, value: unknown): unknown {
  const key = [...target.keys(), step.key, 'a', 0][step.other % (target.size + 3)]
  switch (step.action % 6) {
    case 0:
      return void target.set(key, value)
    case 1:
      return target.delete(key)
    case 2:
      return step.key > 8 ? target.clear() : undefined
    default:
      return target.get(key)
  }
}

function actOnSet(target: Set<unknown>, step: Step, value: unknown): unknown {
  switch (step.action % 4) {
    case 0:
      return void target.add(step.other)
    case 1:
      return target.delete(step.other)
    case 2:
      return step.key > 8 ? target.clear() : undefined
    default:
      return typeof value === 'object' ? undefined : void target.add(value)
  }
}

/** A value with every order visible, so that a test compares order too. */
export function show(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : value
  if (Array.isArray(value)) return ['array', ...value.map(show)]
  if (value instanceof Map)
    return ['map', ...[...value].map(([key, item]) => [show(key), show(item)])]
  if (value instanceof Set) return ['set', ...[...value].map(show)]
  if (value instanceof Date) return ['date', value.getTime()]
  if (value instanceof Uint8Array) return ['bytes', ...value]
  return ['record', ...Object.entries(value).map(([key, item]) => [key, show(item)])]
}

/** Whether `inner` can be reached from `outer`: assigning the other way round would close a cycle. */
export function reaches(outer: unknown, inner: unknown): boolean {
  if (outer === inner) return true
  if (typeof outer !== 'object' || outer === null) return false
  const items = outer instanceof Map ? [...outer.values()] : Object.values(outer)
  return items.some((item) => reaches(item, inner))
}
