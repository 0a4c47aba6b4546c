/**
 * What follows the death of a host's thread (F4), as a table: every state has one step to the next.
 *
 *   lost ──► fenced ──► cut off ──► settled ──► up ──► over
 *                          │         │    ▲
 *                          │         ▼    │
 *                          │        unborn
 *                          └───────► doomed ──► over
 *
 * A step that fails is told of, counts as a death of the slot, and is done again from where it stands
 * after a pause that grows: nothing that was done is done twice, nothing is left out. Too many deaths,
 * and the slot is doomed from wherever it stands once its accounts are settled.
 *
 * Owns the order. Does not own threads, links or accounts: what a step does is its side's (`hosts.ts`).
 */
import type { Beginning } from '../store/protocol.ts'
import type { LinkLosses } from './host-losses.ts'
import type { HostThread } from './host-thread.ts'
import { maxDeaths } from './slot-deaths.ts'

/** A thread that died, and of what. */
interface Dead {
  readonly slot: number
  readonly dead: HostThread
  readonly error: unknown
}

export type Replacement =
  /** What its generation had under way may still arrive. */
  | ({ readonly at: 'lost' } & Dead)
  /** The store refuses it from here on: what it shows next is all there will ever be of it. */
  | ({ readonly at: 'fenced'; readonly beginning: Beginning } & Dead)
  /** Nobody has a link to it any more. */
  | ({ readonly at: 'cut off'; readonly beginning: Beginning; readonly links: LinkLosses } & Dead)
  /** Its accounts are settled: the slot can have its next thread. */
  | { readonly at: 'settled'; readonly slot: number; readonly beginning: Beginning }
  /** A thread did not come up, and may have used its epoch. */
  | { readonly at: 'unborn'; readonly slot: number }
  /** From here on its death is one like any other: half a link must be taken apart again. */
  | { readonly at: 'up'; readonly slot: number; readonly host: HostThread }
  /** It died too often. */
  | { readonly at: 'doomed'; readonly slot: number }
  | { readonly at: 'over'; readonly slot: number }

type At = Replacement['at']
type Unfinished = Exclude<At, 'over'>
type StateAt<A extends At> = Extract<Replacement, { readonly at: A }>

/** Fault points on the way. */
export type ReplacementPoint = 'host:lost' | 'host:fenced' | 'host:settled' | 'host:up'

/** Who does what the steps say. */
export interface ReplacementSide {
  readonly isStopping: boolean
  /** Takes in what it reported before it died. */
  hearOut(dead: HostThread): void
  /** Begins the slot's next epoch, however long the store takes. */
  fence(slot: number): Promise<Beginning>
  /** Everybody takes in what it still sent, and buries what it will not answer. */
  unlink(dead: HostThread, error: unknown): Promise<LinkLosses>
  settle(dead: HostThread, links: LinkLosses): Promise<void>
  /** One more death of a slot: how many there were of late. */
  died(slot: number): number
  /** Resolves when the thread is up and watched. */
  start(slot: number, beginning: Beginning): Promise<HostThread>
  /** Links it with everybody and lets its handlers run. */
  settleIn(host: HostThread): Promise<void>
  retire(slot: number): Promise<void>
  /** Tells of a step that failed. */
  failed(slot: number, failure: unknown): void
  pause(failures: number): Promise<void>
  passed(point: ReplacementPoint): void
}

type Step<S> = (state: S, side: ReplacementSide) => Promise<Replacement>

type Steps = { readonly [A in Unfinished]: Step<StateAt<A>> }

const steps: Steps = {
  lost: async (state, side) => {
    side.passed('host:lost')
    side.hearOut(state.dead)
    return { ...state, at: 'fenced', beginning: await side.fence(state.slot) }
  },
  fenced: async (state, side) => {
    side.passed('host:fenced')
    return { ...state, at: 'cut off', links: await side.unlink(state.dead, state.error) }
  },
  'cut off': async ({ slot, beginning, dead, links }, side) => {
    await side.settle(dead, links)
    return side.died(slot) >= maxDeaths
      ? { at: 'doomed', slot }
      : { at: 'settled', slot, beginning }
  },
  settled: async ({ slot, beginning }, side) => {
    side.passed('host:settled')
    return { at: 'up', slot, host: await side.start(slot, beginning) }
  },
  unborn: async ({ slot }, side) => ({ at: 'settled', slot, beginning: await side.fence(slot) }),
  up: async ({ slot, host }, side) => {
    try {
      side.passed('host:up')
      await side.settleIn(host)
    } catch {
      host.thread.kill()
    }
    return { at: 'over', slot }
  },
  doomed: async ({ slot }, side) => {
    await side.retire(slot)
    return { at: 'over', slot }
  },
}

/** Goes through the table until it is over, or the system stops. */
export async function replace(from: Replacement, side: ReplacementSide): Promise<void> {
  let state = from
  while (state.at !== 'over' && !side.isStopping) {
    try {
      state = await next(state, side)
    } catch (failure) {
      if (side.isStopping) return
      state = await failed(state, failure, side)
    }
  }
}

async function failed(
  state: Replacement,
  failure: unknown,
  side: ReplacementSide,
): Promise<Replacement> {
  const { at, slot } = state
  const deaths = side.died(slot)
  side.failed(slot, failure)
  if (isStart(at) && deaths >= maxDeaths) return { at: 'doomed', slot }
  await side.pause(deaths)
  return isStart(at) ? { at: 'unborn', slot } : state
}

function isStart(at: At): boolean {
  return at === 'settled' || at === 'unborn'
}

function next(state: StateAt<Unfinished>, side: ReplacementSide): Promise<Replacement> {
  const step: Step<never> = steps[state.at]
  return step(state as never, side)
}
