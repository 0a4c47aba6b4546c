/**
 * What the runtime remembers about a durable actor besides its state; folded like it. Changed only by
 * turns, through a draft of their own.
 */
export interface Book {
  parent: string | undefined
  children: Record<string, true>
  watching: Record<string, true>
  /** Timers with a fixed delay, re-armed after each of their turns. */
  delays: Record<string, { delay: number; message: string }>
  /** What its grants carry (M6); absent while none was made. */
  grant?: string
}

export function emptyBook(): Book {
  return { parent: undefined, children: {}, watching: {}, delays: {} }
}
