/** The workload of one seed: what each sender orders, the same whenever it is asked. */
export const accounts = 50
export const senders = 4

export type Kind = (typeof kinds)[number]

export interface Ordered {
  readonly kind: Kind
  /** `sender.number`: the message's own id too, so that a second try is no second order. */
  readonly order: string
  readonly from: number
  readonly n: number
  readonly account: string
  readonly to: string
  readonly amount: number
}

const kinds = [
  'tellTransfer',
  'tellTransfer',
  'askTransfer',
  'pay',
  'payInTwo',
  'later',
  'beat',
  'write',
  'count',
  'count',
  'put',
  'open',
  'raise',
  'list',
] as const

/** @param n from 1 */
export function orderOf(seed: number, from: number, n: number): Ordered {
  const random = randomOf(seed * 1_000_003 + from * 10_007 + n)
  const [a, b] = [random(accounts), random(accounts)]
  const kind = kinds[random(kinds.length)] as Kind
  // Who asks stands below whom it asks: no two can wait for each other.
  const [account, to] = kind === 'askTransfer' ? [Math.min(a, b), Math.max(a, b) + 1] : [a, b]
  return {
    kind,
    order: `${from}.${n}`,
    from,
    n,
    account: `a${account}`,
    to: `a${to}`,
    amount: 1 + random(20),
  }
}

/** All orders of a workload, sender by sender. */
export function ordersOf(seed: number, orders: number): readonly Ordered[] {
  return Array.from({ length: senders * orders }, (_, i) =>
    orderOf(seed, Math.floor(i / orders), 1 + (i % orders)),
  )
}

/** Numbers below a bound, the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}
