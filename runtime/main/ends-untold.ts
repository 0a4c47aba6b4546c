/**
 * Ends of volatile actors that nobody lived to tell (F6): they went with their thread or process, and
 * durable actors watch them, as the store knows. It is said for them, before anything runs in their place.
 */
import type { ActorDefinition } from '../../actors/actor.ts'
import type { Watch } from '../../persistence/store.ts'
import type { Peer } from '../peer/peer.ts'
import type { StoreClient } from '../peer/store-client.ts'

/** The system started: no volatile actor of an earlier process is left. */
export async function tellEndsOfProcess(
  peer: Peer,
  client: StoreClient,
  actors: ReadonlyMap<string, ActorDefinition>,
): Promise<void> {
  const gone = (await watchesOf(client, actors)).map(({ watched }) => watched)
  await recordEnds(peer, gone)
}

/**
 * The thread of a slot died. Those who watched from there are watching again: what they said of it may
 * have died with it.
 */
export async function tellEndsOfSlot(
  slot: number,
  peer: Peer,
  client: StoreClient,
  actors: ReadonlyMap<string, ActorDefinition>,
): Promise<void> {
  const watches = await watchesOf(client, actors)
  const lived = (id: string): boolean => peer.slotOf(id) === slot
  await recordEnds(
    peer,
    watches.filter(({ watched }) => lived(watched)).map(({ watched }) => watched),
  )
  for (const { watched, by } of watches) {
    if (lived(by) && !lived(watched)) peer.signal(watched, { kind: 'watch', by })
  }
}

async function watchesOf(
  client: StoreClient,
  actors: ReadonlyMap<string, ActorDefinition>,
): Promise<readonly Watch[]> {
  const types = [...actors].filter(([, { behavior }]) => !behavior.durable).map(([type]) => type)
  return types.length === 0 ? [] : await client.ask('watches', { types })
}

async function recordEnds(peer: Peer, actors: readonly string[]): Promise<void> {
  await Promise.all([...new Set(actors)].map((actor) => peer.recordEnd(actor)))
}
