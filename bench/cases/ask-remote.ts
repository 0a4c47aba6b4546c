/**
 * One ask after the other from the calling thread to an actor on a host, beside a bare `postMessage` there
 * and back; and with threads that stay awake after work, beside the same with both looking at their ports
 * again and again.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { createSystem, type System } from '../../runtime/index.ts'
import { BareThread } from '../bare-threads.ts'
import type { BenchCase, Round } from '../bench-case.ts'
import { nodePeer } from '../peers/index.ts'
import { latencies, must } from '../timing.ts'

const Echo = contract('echo', { say: message<number, number>() })
const echo = actor(Echo, { on: { say: (_, value) => value } })
const echoes = app(import.meta.url, { actors: [echo] })

// biome-ignore lint/style/noDefaultExport: an app module exports its app
export default echoes

export const askRemote: BenchCase = {
  name: 'ask-remote',
  what: 'one ask after the other to an actor on another thread',
  unit: 'ms, median',
  better: 'lower',
  gate: [{ ratioToBound: 1.3 }, { of: 'troupe, polling', ratioToBound: 1.5 }],
  async prepare(quick) {
    const asks = quick ? 100 : 10_000
    // Two threads that never sleep: on a machine that has other work they wait for each other.
    const polls = quick ? 10 : 500
    const asleep = await createSystem(echoes, { workers: 1, development: false, poll: 0 })
    const awake = await createSystem(echoes, { workers: 1, development: false })
    const bare = await BareThread.start({ role: 'echo' })
    const { port1, port2 } = new MessageChannel()
    const polling = await BareThread.start({ role: 'pollingEcho', port: port2 })
    let n = 0
    const asking = (ask: (n: number) => Promise<unknown>, count = asks): Promise<Round> =>
      latencies(count, async () => {
        n += 1
        const got = await ask(n)
        must(got === n, () => `expected ${n}, got ${String(got)}`)
      })
    const asked = (system: System): (() => Promise<Round>) => {
      const there = system.ref(Echo, 'e')
      return () => asking((value) => there.ask.say(value))
    }
    return {
      ours: { name: 'troupe', round: asked(asleep) },
      others: [{ name: 'troupe, polling', round: asked(awake), bound: 'polled there and back' }],
      bounds: [
        {
          name: 'postMessage there and back',
          round: () => asking((value) => bare.ask(value)),
        },
        {
          name: 'polled there and back',
          async round() {
            const answered = polling.ask(polls)
            const found = await asking((value) => polled(port1, value), polls)
            await answered
            return found
          },
        },
      ],
      peers: [nodePeer('comlink', 'ask', asks)],
      async close() {
        await Promise.all([asleep.close(), awake.close()])
        await Promise.all([bare.end(), polling.end()])
        port1.close()
      },
    }
  },
}

function polled(port: MessagePort, value: number): Promise<unknown> {
  port.postMessage(value)
  return new Promise((resolve) => {
    const look = (): void => {
      const found = receiveMessageOnPort(port)
      if (found === undefined) setImmediate(look)
      else resolve(found.message)
    }
    look()
  })
}
