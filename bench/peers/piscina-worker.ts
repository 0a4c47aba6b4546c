/** A task of the piscina peer. */
import { burn, burnRounds } from '../burn.ts'

// biome-ignore lint/style/noDefaultExport: piscina runs a file's default export
export default function task({ rounds = burnRounds }: { readonly rounds?: number }): number {
  return burn(rounds)
}
