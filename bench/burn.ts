/** Work that burns CPU and touches no memory, the same for whoever is measured. */

/** A few ms. */
export const burnRounds = 1_000_000

/** A number that depends on every round, so that none can be left out. */
export function burn(rounds: number): number {
  let x = 0x9e3779b9
  for (let i = 0; i < rounds; i += 1) {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
  }
  return x >>> 0
}
