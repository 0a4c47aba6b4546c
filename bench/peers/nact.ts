/** nact 7: actors on one thread, each with a queue and a promise per message. */
import { library, type PeerModule, perSecond } from './peer.ts'

interface Ref {
  readonly __ref?: never
}
type Handler<S, M> = (state: S, message: M, context: { readonly self: Ref }) => S | Promise<S>
interface Nact {
  start(): Ref
  stop(ref: Ref): void
  spawn<S, M>(
    parent: Ref,
    handler: Handler<S, M>,
    name?: string,
    options?: { readonly initialState?: S },
  ): Ref
  dispatch(to: Ref, message: unknown): void
  query(to: Ref, message: (from: Ref) => unknown, within: number): Promise<unknown>
}

/** Ms that an ask may take. */
const patience = 600_000
const nact = library<{ default: Nact }>('nact').then((module) => module.default)

async function withSystem<T>(work: (nact: Nact, system: Ref) => Promise<T>): Promise<T> {
  const api = await nact
  const system = api.start()
  try {
    return await work(api, system)
  } finally {
    api.stop(system)
  }
}

/** One sender, one counter: messages per second. */
function counting(size: number): Promise<number> {
  return withSystem(async ({ spawn, dispatch, query }, system) => {
    const counter = spawn(
      system,
      (total: number, message: { by?: number; ask?: Ref }) => {
        if (message.ask !== undefined) dispatch(message.ask, total)
        return total + (message.by ?? 0)
      },
      'counter',
      { initialState: 0 },
    )
    const start = performance.now()
    for (let i = 0; i < size; i += 1) dispatch(counter, { by: 1 })
    const total = await query(counter, (ask) => ({ ask }), patience)
    if (total !== size) throw new Error(`nact counted ${String(total)} of ${size}`)
    return perSecond(size, start)
  })
}

/** Two actors, one message between them: messages per second. */
function pingPong(size: number): Promise<number> {
  return withSystem(async ({ spawn, dispatch }, system) => {
    const end = Promise.withResolvers<void>()
    const player = (name: string): Ref =>
      spawn(
        system,
        (state: null, { left, other }: { left: number; other: Ref }, { self }) => {
          if (left === 0) end.resolve()
          else dispatch(other, { left: left - 1, other: self })
          return state
        },
        name,
        { initialState: null },
      )
    const [ping, pong] = [player('ping'), player('pong')]
    const start = performance.now()
    dispatch(ping, { left: size, other: pong })
    await end.promise
    return perSecond(size, start)
  })
}

/** Sequential asks per second. */
function ask(size: number): Promise<number> {
  return withSystem(async ({ spawn, dispatch, query }, system) => {
    const echo = spawn(
      system,
      (state: null, { from, value }: { from: Ref; value: number }) => {
        dispatch(from, value)
        return state
      },
      'echo',
      { initialState: null },
    )
    const start = performance.now()
    for (let value = 0; value < size; value += 1) {
      const got = await query(echo, (from) => ({ from, value }), patience)
      if (got !== value) throw new Error(`nact answered ${String(got)} for ${value}`)
    }
    return perSecond(size, start)
  })
}

/** Actors made and given one message, per second. */
function spawning(size: number): Promise<number> {
  return withSystem(async ({ spawn, dispatch }, system) => {
    const end = Promise.withResolvers<void>()
    let started = 0
    const start = performance.now()
    for (let i = 0; i < size; i += 1) {
      const child = spawn(
        system,
        (state: null) => {
          started += 1
          if (started === size) end.resolve()
          return state
        },
        `a${i}`,
        { initialState: null },
      )
      dispatch(child, 'hello')
    }
    await end.promise
    return perSecond(size, start)
  })
}

export const works: PeerModule['works'] = { counting, pingPong, ask, spawn: spawning }
