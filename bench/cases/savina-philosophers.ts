/** 20 philosophers ask an arbitrator for both forks, and ask again when it denies them. */
import { actor } from '../../actors/actor.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { savinaCase } from '../savina.ts'
import { must } from '../timing.ts'

const seats = 20

const Table = contract('table', {
  hungry: message<number>(),
  done: message<number>(),
  meals: message<void, number>(),
})
const Philosopher = contract('philosopher', {
  start: message<number>(),
  eat: message(),
  denied: message(),
})

const table = actor(Table, {
  state: () => ({ used: new Array<boolean>(seats).fill(false), meals: 0 }),
  on: {
    hungry(ctx, seat) {
      const { used } = ctx.state
      const right = (seat + 1) % seats
      const { tell } = ctx.ref(Philosopher, String(seat))
      if (used[seat] || used[right]) return void tell.denied()
      used[seat] = true
      used[right] = true
      tell.eat()
    },
    done(ctx, seat) {
      ctx.state.used[seat] = false
      ctx.state.used[(seat + 1) % seats] = false
      ctx.state.meals += 1
    },
    meals: (ctx) => ctx.state.meals,
  },
})
const philosopher = actor(Philosopher, {
  state: (key) => ({ seat: Number(key), left: 0 }),
  on: {
    start(ctx, meals) {
      ctx.state.left = meals
      ctx.ref(Table, 't').tell.hungry(ctx.state.seat)
    },
    eat(ctx) {
      const { tell } = ctx.ref(Table, 't')
      tell.done(ctx.state.seat)
      ctx.state.left -= 1
      if (ctx.state.left > 0) tell.hungry(ctx.state.seat)
    },
    denied(ctx) {
      ctx.ref(Table, 't').tell.hungry(ctx.state.seat)
    },
  },
})

export const savinaPhilosophers = savinaCase({
  name: 'philosophers',
  what: '20 dining philosophers and an arbitrator',
  unit: 'meals/s',
  app: app(import.meta.url, { actors: [table, philosopher] }),
  size: 100_000,
  quickSize: 2_000,
  erlang: 'philosophers',
  async run(system, size) {
    for (let i = 0; i < seats; i += 1) {
      system.ref(Philosopher, String(i)).tell.start(size / seats)
    }
    await system.quiet()
    const meals = await system.ref(Table, 't').ask.meals()
    must(meals === size, () => `${meals} of ${size} meals`)
  },
})
