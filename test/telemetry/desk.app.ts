/** An app that does a little of everything that is counted and logged: agents, tools, a cache, a gate. */
import { z } from 'zod'
import { actor, needs } from '../../actors/actor.ts'
import { agent } from '../../actors/agents/agent.ts'
import { conversation } from '../../actors/agents/conversation.ts'
import { type GateDeps, gateTurn } from '../../actors/agents/models/gate-actor.ts'
import { type Gates, gates } from '../../actors/agents/models/gates.ts'
import { scriptedModel } from '../../actors/agents/models/scripted.ts'
import { tool } from '../../actors/agents/tools/tool.ts'
import { app } from '../../actors/app.ts'
import { contract } from '../../actors/contract.ts'
import { message } from '../../actors/message.ts'
import { type Cached, cached } from '../../actors/patterns/cache.ts'

export const Desk = contract('desk', conversation())
export const Ledger = contract('ledger', {
  add: message<number, number>(),
  fail: message<void, number>(),
})
export const Echo = contract('echo', {
  say: message<string, string>(),
  look: message<string, string>(),
  crash: message(),
  exit: message(),
})

interface Deps extends GateDeps {
  readonly gates: Gates
  readonly twice: Cached<string, string>
}

const model = scriptedModel(
  (request) =>
    request.messages.length > 1
      ? {
          text: 'Done.',
          usage: { inputTokens: 100, outputTokens: 7, cacheReadTokens: 50, cost: 0.25 },
        }
      : { toolCalls: [{ name: 'lookup', input: { key: 'a' } }] },
  { id: 'tiny' },
)

const lookup = tool({
  name: 'lookup',
  description: 'Looks something up.',
  input: z.object({ key: z.string() }),
  execute: ({ key }) => ({ found: key }),
})

export const desk = agent(Desk, {
  model,
  instructions: 'Be brief.',
  tools: [lookup],
  queryType: (text = '') => text.split(' ', 1)[0] as string,
})

export const ledger = actor(Ledger, {
  durable: true,
  retry: { attempts: 2, backoff: 1 },
  state: () => ({ sum: 0 }),
  on: {
    add: (ctx, n) => {
      ctx.state.sum += n
      return ctx.state.sum
    },
    fail() {
      throw new Error('as asked')
    },
  },
})

export const echo = actor(Echo, {
  needs: needs<Deps>(),
  supervision: { backoff: 1, maxBackoff: 2 },
  on: {
    say: (_, text) => text,
    async look(ctx, text) {
      const permit = await ctx.deps.gates.at('tiny').enter({})
      permit.settle()
      return await ctx.deps.twice(text)
    },
    crash() {
      throw new Error('as asked')
    },
    exit() {
      process.exit(4)
    },
  },
})

// biome-ignore lint/style/noDefaultExport: hosts find the app by it
export default app(import.meta.url, {
  actors: [desk, ledger, echo, gateTurn],
  deps: (host): Deps => ({
    gates: gates({ tiny: { concurrency: 2 } }, host),
    twice: cached((text: string) => Promise.resolve(text + text), {
      meter: host.meter,
      name: 'twice',
    }),
  }),
})
