/** The app of a test system: its own actors, with a look at every turn before its handler runs. */
import type { ActorDefinition } from '../../actors/actor.ts'
import type { App } from '../../actors/app.ts'
import type { Turn } from '../../actors/cell/turn.ts'

/** @param before called with each turn; what it throws, the turn throws */
export function watchedApp(app: App, before: (turn: Turn, name: string) => void): App {
  const actors = new Map([...app.actors].map(([type, one]) => [type, watched(one, before)]))
  return { ...app, actors }
}

function watched(
  definition: ActorDefinition,
  before: (turn: Turn, name: string) => void,
): ActorDefinition {
  const on = new Map(
    [...definition.on].map(([name, handler]) => [
      name,
      (ctx: unknown, payload: unknown) => {
        before(ctx as Turn, name)
        return handler(ctx, payload)
      },
    ]),
  )
  return { ...definition, on }
}
