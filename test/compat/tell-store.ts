/** What a store file says, as plain data: written down when a golden store is made, compared for ever. */
import { isDamage } from '../../persistence/decode.ts'
import { exportHistory } from '../../persistence/replay/export.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { storedActors } from '../../persistence/replay/stored-actors.ts'
import { openSqliteReader } from '../../persistence/sqlite/sqlite-store.ts'

export interface Told {
  readonly position: number
  /** An export: its head, then a record a line. */
  readonly history: readonly unknown[]
  readonly actors: readonly unknown[]
}

export async function tellStore(file: string): Promise<Told> {
  const { history, medium, close } = openSqliteReader(file)
  try {
    const actors: unknown[] = []
    for await (const one of storedActors(history, medium)) {
      const { actor, state, damage, timers, subscriptions } = one
      actors.push({
        actor,
        ...(state && { version: state.version, state: toJson(state.value) }),
        ...(damage && { damage: damage.detail }),
        messages: [...one.messages].map((message) =>
          isDamage(message)
            ? message.detail
            : { name: message.name, from: message.from, version: message.version },
        ),
        timers: timers.map(({ id, name, due, every, version }) => ({
          id,
          name,
          due,
          every,
          version,
        })),
        subscriptions,
      })
    }
    return {
      position: medium.position,
      history: [...exportHistory(history)],
      actors,
    }
  } finally {
    close()
  }
}
