/** What must hold when a workload is done, however often its process died on the way. */
import { existsSync, readFileSync } from 'node:fs'
import { emptyBook } from '../../actors/cell/book.ts'
import type { DeadLetter } from '../../mailbox/dead-letter.ts'
import { verifyBackups } from '../../persistence/backup/index.ts'
import type { System } from '../../runtime/main/system.ts'
import { Account, firstBalance, Parent, Shelf, Tally } from './bank.app.ts'
import type { ChildStart } from './child.ts'
import { accounts, type Ordered, ordersOf, senders } from './orders.ts'
import { persist } from './persist.ts'

type Check = (holds: boolean, what: string) => void

/**
 * Sends again what was quarantined: in this life nothing kills (F3). Not what was asked for: its asker
 * was told, and has asked again.
 */
export async function heal(system: System): Promise<void> {
  release(system)
  for (const letter of quarantinedIn(system)) {
    if (letter.replays === 0 && letter.name !== 'credit') system.deadLetters.replay(letter.id)
  }
  await system.quiet()
}

/** Activations and timers start again. */
export function release(system: System): void {
  for (const quarantined of system.quarantine.list()) system.quarantine.release(quarantined)
}

const quarantinedIn = (system: System): readonly DeadLetter[] =>
  system.deadLetters.list({ reason: 'quarantined', limit: 10_000 })

/** What does not add up; empty when all does. */
export async function wrongs(system: System, start: ChildStart): Promise<readonly string[]> {
  const wrong: string[] = []
  const check: Check = (holds, what) => void (holds || wrong.push(what))
  const orders = ordersOf(start.seed, start.orders)
  const doubts = lettersOf(system, check)
  const done = await accountsOf(system, check)
  carriedOut(orders, done, doubts, check)
  ledgerOf(`${start.folder}/ledger`, orders, doubts, check)
  // A message that was sent again has lost its place in the order.
  const moved = new Set(quarantinedIn(system).map(({ to }) => to))
  if (!moved.has('tally/t')) await tallyOf(system, orders, check)
  for (let from = 0; from < senders; from += 1) {
    const own = orders.filter((order) => order.from === from)
    if (!moved.has(`shelf/s${from}`)) await shelfOf(system, from, own, check)
    await childrenOf(system, from, own, check)
  }
  await backupsOf(`${start.folder}/backups`, check)
  await system.quiet()
  const { imbalance, total } = system.stats()
  check(imbalance === 0, `imbalance ${imbalance}`)
  check(total.pending + total.running + total.inTransit === 0, `left over ${JSON.stringify(total)}`)
  return wrong
}

/** Only steps in doubt and what killed twice are dead letters. Returns the orders in doubt (D2). */
function lettersOf(system: System, check: Check): ReadonlySet<string> {
  const doubts = new Set<string>()
  for (const { name, reason, error, payload } of system.deadLetters.list({ limit: 10_000 })) {
    const { code } = (error ?? {}) as { code?: string }
    if (code === 'IN_DOUBT') doubts.add((payload as { order: string }).order)
    else check(reason === 'quarantined', `dead letter ${name} ${reason} ${String(error)}`)
  }
  return doubts
}

async function accountsOf(system: System, check: Check): Promise<readonly string[]> {
  const done: string[] = []
  let money = 0
  for (let i = 0; i <= accounts; i += 1) {
    const state = await persist(() => system.ref(Account, `a${i}`).ask.state())
    money += state.balance
    done.push(...state.done)
    for (const what of state.wrong) check(false, `a${i}: ${what}`)
  }
  check(money === (accounts + 1) * firstBalance, `money ${money}`)
  return done
}

const elsewhere: ReadonlySet<Ordered['kind']> = new Set(['count', 'put', 'open', 'raise'])

/** Each acknowledged message is applied exactly once. */
function carriedOut(
  orders: readonly Ordered[],
  done: readonly string[],
  doubts: ReadonlySet<string>,
  check: Check,
): void {
  const times = counted(done)
  for (const { kind, order } of orders) {
    if (elsewhere.has(kind)) continue
    const applied = times.get(order) ?? 0
    const expected = kind === 'pay' && doubts.has(order) ? 0 : 1
    check(applied === expected, `${kind} ${order} applied ${applied} times`)
  }
}

/** Each completed step was called once; one in flight at a death is answered by D2. */
function ledgerOf(
  path: string,
  orders: readonly Ordered[],
  doubts: ReadonlySet<string>,
  check: Check,
): void {
  const ledger = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  const times = counted(ledger)
  for (const { kind, order } of orders) {
    if (kind === 'pay') {
      const paid = times.get(order) ?? 0
      const holds = doubts.has(order) ? paid <= 1 : paid === 1
      check(holds, `${order} is ${paid} times in the ledger`)
    }
    if (kind !== 'payInTwo') continue
    const second = ledger.indexOf(`${order}/second`)
    check(second > 0, `${order} was not paid in two`)
    const late = ledger.indexOf(`${order}/first`, second)
    check(late < 0, `${order}: the first step left again after the second`)
  }
}

function counted(list: readonly string[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>()
  for (const one of list) times.set(one, (times.get(one) ?? 0) + 1)
  return times
}

/** First in, first out per sender, from outside and from actors on all hosts (T2). */
async function tallyOf(system: System, orders: readonly Ordered[], check: Check): Promise<void> {
  const tally = system.ref(Tally, 't')
  const last = await persist(() => tally.ask.last())
  for (const what of await persist(() => tally.ask.wrong())) check(false, what)
  for (let from = 0; from < senders; from += 1) {
    const expected = orders.filter((one) => one.from === from && one.kind === 'count').length
    check((last[`s${from}`] ?? 0) === expected, `sender ${from} counted ${last[`s${from}`]}`)
  }
  const told = Object.entries(last).filter(([from]) => from.startsWith('a'))
  const sum = told.reduce((total, [, n]) => total + n, 0)
  const transfers = orders.filter(({ kind }) => kind === 'tellTransfer').length
  check(sum === transfers, `told of ${sum} transfers, not ${transfers}`)
}

/** What a shelf must have seen: what was put while it was closed, in order, when it was opened. */
async function shelfOf(
  system: System,
  from: number,
  orders: readonly Ordered[],
  check: Check,
): Promise<void> {
  const expected: string[] = []
  let held: string[] = []
  let open = false
  for (const { kind, order } of orders) {
    if (kind === 'open') {
      open = !open
      expected.push(order)
      if (open) expected.push(...held.splice(0))
    } else if (kind === 'put') {
      if (open) expected.push(order)
      else held.push(order)
    }
  }
  held = []
  const seen = await persist(() => system.ref(Shelf, `s${from}`).ask.seen())
  const same = JSON.stringify(seen) === JSON.stringify(expected)
  check(same, `shelf ${from}: ${seen} instead of ${expected}`)
}

/** Each child spoke once and its end was told once (F6). */
async function childrenOf(
  system: System,
  from: number,
  orders: readonly Ordered[],
  check: Check,
): Promise<void> {
  const expected = orders.filter(({ kind }) => kind === 'raise').map(({ order }) => order)
  const { grown, gone } = await persist(() => system.ref(Parent, `p${from}`).ask.seen())
  const all = JSON.stringify(expected.toSorted())
  check(JSON.stringify(grown.toSorted()) === all, `parent ${from}: grown ${grown}, not ${expected}`)
  check(JSON.stringify(gone.toSorted()) === all, `parent ${from}: gone ${gone}, not ${expected}`)
}

/** Every backup that has its manifest is a good one. */
async function backupsOf(folder: string, check: Check): Promise<void> {
  if (!existsSync(folder)) return
  try {
    for await (const { name, ok, problems } of verifyBackups(folder, { emptyMeta: emptyBook })) {
      check(ok, `backup ${name}: ${problems}`)
    }
  } catch (error) {
    check((error as { code?: string }).code === 'BACKUP_MISSING', `backups: ${String(error)}`)
  }
}
