/**
 * One life of the workload: goes on where the last one got its last answer, and is killed; or, let
 * live, finishes, checks every sum and says what is wrong.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { createSystem } from '../../runtime/main/create-system.ts'
import type { System } from '../../runtime/main/system.ts'
import bank, { Account, ledgerVariable, Parent, Shelf, Tally } from './bank.app.ts'
import { heal, release, wrongs } from './checks.ts'
import { faultsOf, type Planned } from './faults.ts'
import { type Ordered, orderOf, ordersOf, senders } from './orders.ts'
import { persist } from './persist.ts'

/** What the harness tells a child. */
export interface ChildStart {
  readonly folder: string
  readonly seed: number
  readonly orders: number
  readonly workers: number
  readonly faults: readonly Planned[]
}

const start = JSON.parse(process.argv[2] as string) as ChildStart
const { folder, seed, orders, workers } = start
const acknowledged = `${folder}/acknowledged`
process.env[ledgerVariable] = `${folder}/ledger`
/** Orders of one sender that are out at once. */
const window = 8

const lines = (path: string): string[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []

async function give(system: System, { kind, order, from, n, account, to, amount }: Ordered) {
  const own = { id: `order ${order}` }
  switch (kind) {
    case 'count':
      // Numbered by sender over all its counts, so that a gap shows.
      return await system
        .ref(Tally, 't')
        .deliver.count({ from: `s${from}`, n: countsUpTo(from, n) }, own)
    case 'put':
    case 'open':
      return await system.ref(Shelf, `s${from}`).deliver[kind](order, own)
    case 'raise':
      return await system.ref(Parent, `p${from}`).deliver.raise(order, own)
    case 'list':
      return await list(system, account, { order, to, amount })
    case 'askTransfer':
      return await system.ref(Account, account).ask.askTransfer({ order, to, amount }, own)
    default:
      return await system.ref(Account, account).deliver[kind]({ order, to, amount }, own)
  }
}

/** Its items are provisional, its end is a promise. */
async function list(
  system: System,
  account: string,
  order: { order: string; to: string; amount: number },
): Promise<void> {
  const stream = system.ref(Account, account).stream.list(order, { id: `order ${order.order}` })
  for await (const _ of stream) {
    // Seen by the checks of streams; here only the end counts.
  }
  await stream.reply
}

function countsUpTo(from: number, n: number): number {
  let counts = 0
  for (let i = 1; i <= n; i += 1) if (orderOf(seed, from, i).kind === 'count') counts += 1
  return counts
}

const refused: Ordered[] = []

/** Sends a sender's orders from the first that was not acknowledged. */
async function send(system: System, from: number): Promise<void> {
  const known = new Set(lines(acknowledged))
  let next = 1
  while (known.has(`${from}.${next}`)) next += 1
  const out: Promise<void>[] = []
  for (let n = next; n <= orders; n += 1) {
    const ordered = orderOf(seed, from, n)
    const done = persist(() => give(system, ordered)).then(
      () => appendFileSync(acknowledged, `${ordered.order}\n`),
      (error) => {
        // Its actor, or what it asks, is not started any more: after the healing it is given again.
        if ((error as { code?: string }).code !== 'QUARANTINED') throw error
        if (ordered.kind === 'list') refused.push(ordered)
      },
    )
    out.push(done)
    if (out.length >= window) await out.shift()
  }
  await Promise.all(out)
}

/** Timers that were set are awaited; each is answered within a moment. */
async function untilDue(system: System): Promise<void> {
  const late = ordersOf(seed, orders).filter(({ kind }) => kind === 'later' || kind === 'beat')
  const end = performance.now() + 10_000
  for (const { account, order } of late) {
    for (;;) {
      const { done } = await persist(() => system.ref(Account, account).ask.state())
      if (done.includes(order) || performance.now() > end) break
    }
  }
}

const system = await createSystem(bank, {
  store: `${folder}/bank.db`,
  workers,
  checkpointEvery: 100,
  // Only a start that is stuck takes that long, also on a machine that does other things.
  startWithin: 100_000,
  ...(seed % 3 === 0 && { retention: { keepRecords: 50 }, archive: `${folder}/archive` }),
  log: () => undefined,
  ...(start.faults.length > 0 && { faults: faultsOf(start.faults).faults }),
})
// Killed twice in its own lone start, an innocent activation is barred (F3): the operator knows who killed.
system.events.on('quarantined', () => release(system))
release(system)
process.stdout.write('up\n')
const backup = seed % 2 === 0 ? undefined : system.backup(`${folder}/backups`)
backup?.catch(() => undefined)
await Promise.all(Array.from({ length: senders }, (_, from) => send(system, from)))
await backup?.catch(() => undefined)
await system.quiet()
await untilDue(system)
await system.quiet()
await heal(system)
for (const ordered of refused) await persist(() => give(system, ordered))
await untilDue(system)
const wrong = await wrongs(system, start)
await system.close()
process.stdout.write(`checked ${JSON.stringify(wrong)}\n`)
