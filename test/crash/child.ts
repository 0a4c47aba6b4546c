/**
 * One life of the workload: goes on where the last one got its last answer, and is killed; or, let
 * live, finishes, checks every sum and says what is wrong.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { System } from '../../runtime/main/system.ts'
import bank, { Account, firstBalance, ledgerVariable, Shelf, Tally } from './bank.app.ts'
import { accounts, type Ordered, orderOf, senders } from './orders.ts'

const [folder = '', seedText = '0', ordersText = '0', workers = '0'] = process.argv.slice(2)
const seed = Number(seedText)
const orders = Number(ordersText)
const acknowledged = `${folder}/acknowledged`
process.env[ledgerVariable] = `${folder}/ledger`
/** Orders of one sender that are out at once. */
const window = 8

const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

function deliver(system: System, { kind, order, from, n, account, to, amount }: Ordered) {
  const own = { id: `order ${order}` }
  switch (kind) {
    case 'count':
      // Numbered by sender over all its counts, so that a gap shows.
      return system.ref(Tally, 't').deliver.count({ from, n: countsUpTo(from, n) }, own)
    case 'put':
    case 'open':
      return system.ref(Shelf, `s${from}`).deliver[kind](order, own)
    default:
      return system.ref(Account, account).deliver[kind]({ order, to, amount }, own)
  }
}

function countsUpTo(from: number, n: number): number {
  let counts = 0
  for (let i = 1; i <= n; i += 1) if (orderOf(seed, from, i).kind === 'count') counts += 1
  return counts
}

/** Sends a sender's orders from the first that was not acknowledged. */
async function send(system: System, from: number): Promise<void> {
  const known = new Set(lines(acknowledged))
  let next = 1
  while (known.has(`${from}.${next}`)) next += 1
  const out: Promise<void>[] = []
  for (let n = next; n <= orders; n += 1) {
    const ordered = orderOf(seed, from, n)
    const done = deliver(system, ordered).then(() =>
      appendFileSync(acknowledged, `${ordered.order}\n`),
    )
    out.push(done)
    if (out.length >= window) await out.shift()
  }
  await Promise.all(out)
}

async function wrongs(system: System): Promise<string[]> {
  const wrong: string[] = []
  const check = (holds: boolean, what: string): void => void (holds || wrong.push(what))
  const done: string[] = []
  let money = 0
  for (let i = 0; i <= accounts; i += 1) {
    const { balance, done: here } = await system.ref(Account, `a${i}`).ask.state()
    money += balance
    done.push(...here)
  }
  check(money === (accounts + 1) * firstBalance, `money ${money}`)
  const letters = system.deadLetters.list({ limit: 10_000 })
  const doubts = letters
    .filter(({ error }) => (error as { code?: string } | undefined)?.code === 'IN_DOUBT')
    .map(({ payload }) => (payload as { order: string }).order)
  for (const letter of letters) {
    const { code } = (letter.error ?? {}) as { code?: string }
    check(
      code === 'IN_DOUBT' || code === 'QUARANTINED',
      `dead letter ${letter.name} ${letter.reason} ${String(letter.error)}`,
    )
  }
  const ledger = lines(process.env[ledgerVariable] as string)
  const times = (list: readonly string[], order: string): number =>
    list.filter((other) => other === order).length
  for (let from = 0; from < senders; from += 1) {
    for (let n = 1; n <= orders; n += 1) {
      const { kind, order } = orderOf(seed, from, n)
      if (kind === 'count' || kind === 'put' || kind === 'open') continue
      const applied = times(done, order)
      const doubted = kind === 'pay' && doubts.includes(order)
      check(applied === (doubted ? 0 : 1), `${kind} ${order} applied ${applied} times`)
      if (kind !== 'pay') continue
      const paid = times(ledger, order)
      check(doubted ? paid <= 1 : paid === 1, `${order} is ${paid} times in the ledger`)
    }
    const counts = (await system.ref(Tally, 't').ask.last())[from] ?? 0
    check(counts === countsUpTo(from, orders), `sender ${from} counted ${counts}`)
    wrong.push(...(await shelfOf(system, from)))
  }
  wrong.push(...(await system.ref(Tally, 't').ask.wrong()))
  await system.quiet()
  const { imbalance, total } = system.stats()
  check(imbalance === 0, `imbalance ${imbalance}`)
  check(total.pending + total.running + total.inTransit === 0, `left over ${JSON.stringify(total)}`)
  return wrong
}

/** What a shelf must have seen: what was put while it was closed, in order, when it was opened. */
async function shelfOf(system: System, from: number): Promise<string[]> {
  const expected: string[] = []
  let held: string[] = []
  let open = false
  for (let n = 1; n <= orders; n += 1) {
    const { kind, order } = orderOf(seed, from, n)
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
  const seen = await system.ref(Shelf, `s${from}`).ask.seen()
  const same = JSON.stringify(seen) === JSON.stringify(expected)
  return same ? [] : [`shelf ${from}: ${seen} instead of ${expected}`]
}

/** Timers that were set are awaited; each is answered within a moment. */
async function untilDue(system: System): Promise<void> {
  const expected = Array.from({ length: senders }, (_, from) =>
    Array.from({ length: orders }, (_, i) => orderOf(seed, from, i + 1)),
  ).flat()
  const late = expected.filter(({ kind }) => kind === 'later')
  const end = performance.now() + 10_000
  for (const { account, order } of late) {
    for (;;) {
      const { done } = await system.ref(Account, account).ask.state()
      if (done.includes(order) || performance.now() > end) break
    }
  }
}

const system = await createSystem(bank, {
  store: `${folder}/bank.db`,
  workers: Number(workers),
  log: () => undefined,
})
process.stdout.write('up\n')
await Promise.all(Array.from({ length: senders }, (_, from) => send(system, from)))
await system.quiet()
await untilDue(system)
await system.quiet()
const wrong = await wrongs(system)
await system.close()
process.stdout.write(`checked ${JSON.stringify(wrong)}\n`)
