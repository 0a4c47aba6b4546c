/** T5 at compile time. Held by `tsc`: nothing here runs. */

import type { Context } from '../../actors/context.ts'
import type {
  CheckedEncodable,
  Encodable,
  EncodableOf,
  NotEncodable,
} from '../../persistence/encodable.ts'
import type { Secret } from '../../persistence/secret.ts'

declare function message<P extends EncodableOf<P>>(): P

interface Tree {
  readonly name: string
  readonly note?: string
  readonly children: readonly Tree[]
}
type UserId = string & { readonly brand: 'UserId' }
interface Order {
  readonly id: UserId
  readonly lines: [sku: string, count: number][]
  readonly at: Date
  readonly state: { kind: 'open' } | { kind: 'closed'; by: UserId }
  readonly index: Map<string, Tree>
  readonly tags: ReadonlySet<string>
  readonly vector: Float32Array
  readonly big: bigint | null | undefined
  readonly failure?: { name: string; message: string }
  readonly extra: Record<string, number>
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
type Nested = Tree | Nested[] | Map<string, Nested>

message<Order>()
message<Tree>()
message<number>()
message<UserId>()
message<Date>()
message<Map<string, Order>>()
message<undefined>()
message<void>()
message<Encodable>()
message<Secret<string>>()
message<{ readonly at: Date; tokens: Map<string, Secret<{ readonly token: string }>> }>()
message<Json>()
message<Nested>()
message<readonly [1, 'a', { x?: number }]>()

// @ts-expect-error a function
message<{ run: () => void }>()
// @ts-expect-error a function, deep inside
message<{ list: { run?(): void }[] }>()
// @ts-expect-error a symbol
message<{ id: symbol }>()
// @ts-expect-error a symbol key
message<{ [Symbol.iterator]: number }>()
// @ts-expect-error a promise
message<{ reply: Promise<number> }>()
// @ts-expect-error an error
message<{ error: Error }>()
// @ts-expect-error a Map keyed by objects
message<{ byOrder: Map<Order, number> }>()
// @ts-expect-error a Set of objects
message<{ orders: Set<Order> }>()
// @ts-expect-error unknown
message<{ data: unknown }>()
// @ts-expect-error a weak map
message<{ cache: WeakMap<object, number> }>()
// @ts-expect-error a class with methods
message<{ url: URL }>()
// @ts-expect-error a bound ref
message<{ to: { tell: object; ask: object } }>()
// @ts-expect-error one member of a union
message<{ value: string | (() => void) }>()

// A secret is none of what it holds, and `reveal` gives it back.
declare const secret: Secret<string>
// @ts-expect-error a secret is no text
const text: string = secret
// @ts-expect-error a secret of a number is none of a text
const other: Secret<number> = secret
void [text, other]
declare const ctx: Context
const revealed: string = ctx.reveal(secret)
const made: Secret<{ readonly pin: number }> = ctx.secret({ pin: 1 })
// @ts-expect-error what cannot be encoded cannot be sealed
ctx.secret({ run: () => 1 })
void [revealed, made]

type Same<A, B> = [A, B] extends [B, A] ? true : false
const reason: Same<CheckedEncodable<() => void>, NotEncodable<'a function'>> = true
void reason
