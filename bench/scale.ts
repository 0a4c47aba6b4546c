/** What the threads of a system have on their heaps once everything that can be collected is. */
import { threadId } from 'node:worker_threads'
import { actor } from '../actors/actor.ts'
import { contract } from '../actors/contract.ts'
import { message } from '../actors/message.ts'
import type { System } from '../runtime/index.ts'

const Scale = contract('scale', { thread: message<void, number>(), weigh: message<void, number>() })

/** Belongs to the app of a case that weighs. */
export const scale = actor(Scale, { on: { thread: () => threadId, weigh: () => heap() } })

/** Bytes of the calling thread and of all hosts: so many actors that each host has one. */
export async function weight(system: System): Promise<number> {
  const byThread = new Map<number, string>()
  for (let i = 0; i < 32; i += 1) {
    byThread.set(await patiently(() => system.ref(Scale, `s${i}`).ask.thread()), `s${i}`)
  }
  let bytes = heap()
  for (const key of byThread.values()) {
    bytes += await patiently(() => system.ref(Scale, key).ask.weigh())
  }
  return bytes
}

/** While a link has no credit an ask is refused at once. */
export async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if ((error as { code?: string }).code !== 'MAILBOX_FULL') throw error
      await sleep(5)
    }
  }
}

/** Bytes of the calling thread alone. */
export function heap(): number {
  if (global.gc === undefined) throw new Error('the case needs node --expose-gc')
  global.gc()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
