/** xstate 5: state machines; a message runs on the sender's stack, there is no mailbox between actors. */
import { library, type PeerModule, perSecond } from './peer.ts'

interface ActorRef {
  start(): ActorRef
  stop(): void
  send(event: { readonly type: string; readonly by?: number }): void
  getSnapshot(): { readonly context: { readonly total: number } }
}
interface XState {
  createMachine(config: unknown): unknown
  createActor(machine: unknown): ActorRef
  assign(change: Readonly<Record<string, unknown>>): unknown
}
interface Turn {
  readonly context: { readonly total: number }
  readonly event: { readonly by: number }
}

const xstate = library<XState>('xstate')

async function counting(size: number): Promise<number> {
  const { createActor, createMachine, assign } = await xstate
  const machine = createMachine({
    context: { total: 0 },
    on: {
      add: { actions: assign({ total: ({ context, event }: Turn) => context.total + event.by }) },
    },
  })
  const counter = createActor(machine).start()
  const start = performance.now()
  for (let i = 0; i < size; i += 1) counter.send({ type: 'add', by: 1 })
  const { total } = counter.getSnapshot().context
  counter.stop()
  if (total !== size) throw new Error(`xstate counted ${total} of ${size}`)
  return perSecond(size, start)
}

export const works: PeerModule['works'] = { counting }
