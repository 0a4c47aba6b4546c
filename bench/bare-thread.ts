/**
 * The worker side of the bounds: roles that do with bare Node what the runtime does with everything it
 * promises. A thread gets its role, and for some a port to another thread, as `workerData`; it does what
 * each message from the main thread asks for and answers it.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { decodeFrame, encodeFrame } from '../persistence/codec.ts'
import { BareActors } from './bare-actors.ts'
import { burn } from './burn.ts'
import { segmentBound } from './segment-bound.ts'

/** What a thread is made with. */
export interface BareStart {
  readonly role: keyof typeof roles
  readonly port?: MessagePort
  readonly file?: string
  readonly actors?: number
}

type Work = (ask: number) => unknown

/** Messages in a frame of the bound. */
const frameMessages = 256
/** Frames or windows that may be on their way. */
const inFlight = 4

const roles = {
  /** Answers what it gets. */
  echo: (): Work => (ask) => ask,

  /** Answers so many messages of `port`, looking again and again instead of sleeping. */
  pollingEcho: ({ port }: BareStart): Work => {
    return (count) =>
      new Promise<void>((resolve) => {
        let left = count
        const look = (): void => {
          const found = receiveMessageOnPort(port as MessagePort)
          if (found !== undefined) {
            port?.postMessage(found.message)
            left -= 1
          }
          if (left > 0) setImmediate(look)
          else resolve()
        }
        look()
      })
  },

  /** Passes on to the thread behind `port`, and its answer back. */
  relay: ({ port }: BareStart): Work => {
    return (ask) =>
      new Promise((resolve) => {
        port?.once('message', resolve)
        port?.postMessage(ask)
      })
  },

  /** Commits one row, synced, for each message of `port`. */
  commit: ({ port, file = '' }: BareStart): Work => {
    const bound = segmentBound(file)
    port?.on('message', (ask) => {
      bound.append(1)
      port.postMessage(ask)
    })
    return () => bound.close()
  },

  /** Sends so many small messages in frames, encoded once and transferred. */
  frameSender: ({ port }: BareStart): Work => {
    const window = new Window(port as MessagePort)
    return async (count) => {
      for (let left = count; left > 0; left -= frameMessages) {
        const items: unknown[] = []
        for (let i = 0; i < Math.min(left, frameMessages); i += 1) items.push(smallMessage(i))
        const frame = encodeFrame(items)
        await window.room()
        port?.postMessage(frame, [frame.buffer as ArrayBuffer])
      }
      await window.empty()
    }
  },

  frameCounter: ({ port }: BareStart): Work => {
    let total = 0
    port?.on('message', (frame: Uint8Array<ArrayBuffer>) => {
      for (const item of decodeFrame(frame) as SmallMessage[]) total += item[4]
      port.postMessage(null)
    })
    return () => total
  },

  /** Sends so many small messages, each by a postMessage of its own. */
  postSender: ({ port }: BareStart): Work => {
    const window = new Window(port as MessagePort)
    return async (count) => {
      for (let i = 0; i < count; i += 1) {
        if (i % frameMessages === 0) await window.room()
        port?.postMessage({
          to: 'counter/c',
          name: 'add',
          payload: 1,
          ack: i % frameMessages === 0,
        })
      }
      await window.empty()
    }
  },

  postCounter: ({ port }: BareStart): Work => {
    let total = 0
    port?.on('message', ({ payload, ack }: { payload: number; ack: boolean }) => {
      total += payload
      if (ack) port.postMessage(null)
    })
    return () => total
  },

  /** Sends the big payload of so many bytes, one after the other with some on their way. */
  cloneSender: ({ port }: BareStart): Work => {
    const window = new Window(port as MessagePort)
    return async (ask) => {
      const { bytes, count } = ask as unknown as { bytes: number; count: number }
      const payload = bigPayload(bytes)
      const most = bigInFlight(bytes)
      for (let i = 0; i < count; i += 1) {
        await window.room(most)
        port?.postMessage(payload)
      }
      await window.empty()
    }
  },

  cloneCounter: ({ port }: BareStart): Work => {
    let total = 0
    port?.on('message', ({ text, bytes }: BigPayload) => {
      total += text.length + bytes.length
      port.postMessage(null)
    })
    return () => total
  },

  /** Hands each event of a frame to so many bare actors; says how much they have seen in all. */
  fanOut: ({ actors = 0 }: BareStart): Work => {
    const bare = new BareActors(actors, {
      priced(state) {
        state.seen += 1
      },
    })
    return (ask) => {
      const frame = ask as unknown as Uint8Array<ArrayBuffer>
      for (const [, price] of decodeFrame(frame) as [string, number][])
        bare.publish('priced', price)
      return bare.run()
    }
  },

  burn: (): Work => (ask) => {
    const { tasks, rounds } = ask as unknown as { tasks: number; rounds: number }
    let last = 0
    for (let i = 0; i < tasks; i += 1) last = burn(rounds)
    return last
  },
} satisfies Readonly<Record<string, (start: BareStart) => Work>>

/** As few fields as a message can have, in the order of a frame. */
type SmallMessage = readonly [number, string, string, number, number]

function smallMessage(i: number): SmallMessage {
  return [1, 'counter/c', 'add', i, 1]
}

export interface BigPayload {
  readonly text: string
  readonly bytes: Uint8Array
}

/** How many big payloads are on their way: half a megabyte of them, and never fewer than a few. */
export function bigInFlight(bytes: number): number {
  return Math.max(inFlight, Math.floor(500_000 / bytes))
}

/** Half text, half bytes. */
export function bigPayload(size: number): BigPayload {
  return { text: 'x'.repeat(size / 2), bytes: new Uint8Array(size / 2).fill(7) }
}

/** What may be on its way before the sender waits: an answer of the other side makes room. */
class Window {
  #out = 0
  #wake: (() => void) | undefined

  constructor(port: MessagePort) {
    port.on('message', () => {
      this.#out -= 1
      this.#wake?.()
    })
  }

  /** Takes a place. */
  async room(most: number = inFlight): Promise<void> {
    await this.#until(most - 1)
    this.#out += 1
  }

  async empty(): Promise<void> {
    await this.#until(0)
  }

  async #until(out: number): Promise<void> {
    while (this.#out > out) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

function serve(start: BareStart): void {
  const work = (roles[start.role] as (start: BareStart) => Work)(start)
  parentPort?.on('message', (ask: number) => {
    void Promise.resolve(work(ask)).then((answer) => parentPort?.postMessage(answer))
  })
  parentPort?.postMessage('up')
}

if (parentPort !== null && (workerData as BareStart | null)?.role !== undefined) {
  serve(workerData as BareStart)
}
