/** 40 producers, 40 consumers and between them a buffer of 50 that makes both wait. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const pairs = 40
const room = 50

const Buffer = contract('buffer', {
  room: message<string>(),
  produced: message<number>(),
  want: message<string>(),
})
const Producer = contract('producer', { start: message<number>(), go: message() })
const Consumer = contract('consumer', {
  start: message<number>(),
  item: message<number>(),
  sum: message<void, number>(),
})

const buffer = actor(Buffer, {
  state: () => ({
    items: [] as number[],
    /** Places that hold an item or are promised to a producer. */
    taken: 0,
    producers: [] as string[],
    consumers: [] as string[],
  }),
  on: {
    room(ctx, producer) {
      const { state } = ctx
      if (state.taken === room) return void state.producers.push(producer)
      state.taken += 1
      ctx.ref(Producer, producer).tell.go()
    },
    produced(ctx, item) {
      const consumer = ctx.state.consumers.shift()
      if (consumer === undefined) return void ctx.state.items.push(item)
      ctx.ref(Consumer, consumer).tell.item(item)
      const producer = freed(ctx.state)
      if (producer !== undefined) ctx.ref(Producer, producer).tell.go()
    },
    want(ctx, consumer) {
      const item = ctx.state.items.shift()
      if (item === undefined) return void ctx.state.consumers.push(consumer)
      ctx.ref(Consumer, consumer).tell.item(item)
      const producer = freed(ctx.state)
      if (producer !== undefined) ctx.ref(Producer, producer).tell.go()
    },
  },
})

/** An item left: its place goes to a producer that waits, or is free. */
function freed(state: { taken: number; readonly producers: string[] }): string | undefined {
  const producer = state.producers.shift()
  if (producer === undefined) state.taken -= 1
  return producer
}

const producer = actor(Producer, {
  state: () => ({ left: 0 }),
  on: {
    start(ctx, items) {
      ctx.state.left = items
      ctx.ref(Buffer, 'b').tell.room(ctx.self.key)
    },
    go(ctx) {
      const to = ctx.ref(Buffer, 'b').tell
      to.produced(ctx.state.left)
      ctx.state.left -= 1
      if (ctx.state.left > 0) to.room(ctx.self.key)
    },
  },
})
const consumer = actor(Consumer, {
  state: () => ({ left: 0, sum: 0 }),
  on: {
    start(ctx, items) {
      ctx.state.left = items
      ctx.ref(Buffer, 'b').tell.want(ctx.self.key)
    },
    item(ctx, value) {
      ctx.state.sum += value
      ctx.state.left -= 1
      if (ctx.state.left > 0) ctx.ref(Buffer, 'b').tell.want(ctx.self.key)
    },
    sum: (ctx) => ctx.state.sum,
  },
})

export const savinaBoundedBuffer = savinaCase({
  name: 'bounded-buffer',
  what: '40 producers and 40 consumers at a buffer of 50',
  unit: 'items/s',
  app: app(import.meta.url, { actors: [buffer, producer, consumer] }),
  size: 200_000,
  quickSize: 4_000,
  erlang: 'bounded_buffer',
  async run(system, size) {
    const each = size / pairs
    for (let i = 0; i < pairs; i += 1) {
      system.ref(Consumer, `c${i}`).tell.start(each)
      system.ref(Producer, `p${i}`).tell.start(each)
    }
    await system.quiet()
    let sum = 0
    for (let i = 0; i < pairs; i += 1) sum += await system.ref(Consumer, `c${i}`).ask.sum()
    const expected = (pairs * each * (each + 1)) / 2
    must(sum === expected, () => `consumed ${sum} of ${expected}`)
  },
})
