/** What both scenarios do with the accounts: fill them, choose two, and count the money at the end. */

import type { System } from 'troupe'
import type { Call } from 'troupe/bench'
import { Account } from './app.ts'

const accounts = 200
const opening = 1_000_000
const names = Array.from({ length: accounts }, (_, i) => `k${i}`)

/** Every account has money before the first transfer. */
export async function fill(system: System): Promise<void> {
  await Promise.all(names.map((name) => system.ref(Account, name).ask.deposit({ amount: opening })))
}

export function transfer({ system, random, options }: Call): Promise<number> {
  const [from, to] = [oneOf(random), oneOf(random)]
  return system.ref(Account, from).ask.transfer({ to, amount: 1 }, options)
}

export function balance({ system, random, options }: Call): Promise<number> {
  return system.ref(Account, oneOf(random)).ask.balance(undefined, options)
}

/** Transfers move money and make none. */
export async function count(system: System): Promise<void> {
  const balances = await Promise.all(names.map((name) => system.ref(Account, name).ask.balance()))
  const sum = balances.reduce((total, one) => total + one, 0)
  if (sum !== accounts * opening)
    throw new Error(`expected ${accounts * opening} in all, got ${sum}`)
}

function oneOf(random: () => number): string {
  return names[Math.floor(random() * names.length)] as string
}
