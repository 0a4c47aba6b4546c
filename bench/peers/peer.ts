/** What a peer written in JavaScript offers: works by name, each measured inside its own process. */

export interface PeerModule {
  readonly works: Readonly<Record<string, PeerWork>>
}

/**
 * Does a work of so many messages, turns or actors and returns its figure in the unit of the case.
 * Throws when its result is wrong.
 */
export type PeerWork = (size: number) => Promise<number>

/** Works per second of something that began at `start`, a time of `performance.now()`. */
export function perSecond(count: number, start: number): number {
  return count / ((performance.now() - start) / 1_000)
}

/**
 * Loads a library of `bench/peers/package.json` as the narrow interface that a peer needs of it: without an
 * installation the compiler knows none of them.
 */
export async function library<T>(name: string): Promise<T> {
  return (await import(name)) as T
}
