/** Envelopes for the tests of this room, and a way to count what a queue touches. */
import { Envelope, type Header } from '../../mailbox/envelope.ts'
import { Lane, type LaneNumber, type UserLane } from '../../mailbox/lane.ts'

export const userLanes: readonly UserLane[] = ['control', 'high', 'normal', 'low']

export interface Spec {
  readonly lane?: UserLane
  readonly from?: string
  readonly seq?: number
  readonly bytes?: number
  /** The store holds it. */
  readonly stored?: boolean
  /** A termination or a tick. */
  readonly keep?: boolean
  /** By `deliver`: its sender is told that it has a place. */
  readonly delivered?: boolean
}

const sink = Object.freeze({ settle: () => undefined })

/** A message with what the spec says, and defaults for the rest. */
export function message(spec: Spec = {}): Envelope {
  const { lane = 'normal', from = 'a/1', seq = 0, bytes = 0, stored = false, keep = false } = spec
  const header: Header = {
    ...(bytes > 0 ? { bytes: new Uint8Array(bytes) } : {}),
    ...(keep ? { keep } : {}),
    ...(spec.delivered ? { accepted: sink } : {}),
  }
  const a = stored ? 7 : -1
  const envelope = new Envelope('b/1', from, 'x', undefined, Lane[lane], a, seq, 0, 0, header)
  if (stored) Object.assign(envelope, { position: 7 })
  return envelope
}

export const seqs = (envelopes: Iterable<Envelope>): number[] => [...envelopes].map((e) => e.b)

export const userLaneNumbers = userLanes.map((lane) => Lane[lane]) as readonly LaneNumber[]

interface Internals {
  items: unknown[]
}

/** The slots under a ring, to look at what it keeps alive. */
export const slotsOf = (ring: object): unknown[] => (ring as Internals).items

/** Makes every read and write of a ring's slots count. */
export function countSlotAccess(ring: object, tally: { count: number }): void {
  const internals = ring as Internals
  internals.items = new Proxy(internals.items, {
    get: (target, key, receiver) => {
      tally.count += 1
      return Reflect.get(target, key, receiver)
    },
    set: (target, key, value) => {
      tally.count += 1
      return Reflect.set(target, key, value)
    },
  })
}
