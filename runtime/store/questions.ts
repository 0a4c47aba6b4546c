/** Answers the questions that need only a look. */
import type { Ack, Store } from '../../persistence/store.ts'
import { historyPage } from './history-page.ts'
import type { Question, Questions } from './protocol.ts'
import { readRecords } from './read-records.ts'
import { ackOf } from './tail-acks.ts'
import { type FrameEnd, framesOf, type Generation } from './tally.ts'
import { tickedSince } from './ticks.ts'

type Answers = {
  readonly [Q in Exclude<Question, 'outcome' | 'tally'>]: (
    store: Store,
    ask: Questions[Q]['ask'],
  ) => Questions[Q]['answer']
}

const answers: Answers = {
  loadMany: (store, { actors, limit }) => store.loadMany(actors, limit),
  pending: (store, { actor, after, limit }) => store.pending(actor, after, limit),
  hasEnded: (store, { actor }) => store.hasEnded(actor),
  watches: (store, { types }) => store.watches(types),
  wakeList: (store, { after, limit }) => store.wakeList(after, limit),
  beginEpoch: (store, { slot }) => {
    const epoch = store.beginEpoch(slot)
    return { epoch, position: store.position }
  },
  reserveOrigins: (store, { count }) => store.reserveOrigins(count),
  unreleased: (store, { slot, epoch }) => store.unreleased(slot, epoch),
  record: (store, { position }) => store.record(position),
  records: (store, { from, limit, kinds }) => readRecords(store, from, limit, kinds),
  history: (store, ask) => historyPage(store, ask),
  writeSnapshots: (store, { all }) => void store.writeSnapshots(all),
  writeCheckpoint: (store, { chunk }) => void store.writeCheckpoint(chunk),
  dropSegments: (store, { positions, floor }) => void store.dropSegments(positions, floor),
  answers: (store, { since, ...who }) => answersOf(store, who, since),
  ticked: (store, { since }) => ({ actors: tickedSince(store, since), position: store.position }),
  idle: () => undefined,
  stats: (store) => ({
    ...store.stats(),
    stalledSince: undefined,
    checkpointed: store.newestCheckpoint().time,
  }),
}

export function answerQuestion(
  store: Store,
  question: Exclude<Question, 'outcome' | 'tally'>,
  ask: unknown,
): unknown {
  const answer = answers[question] as (store: Store, ask: unknown) => unknown
  return answer(store, ask)
}

/** The generation's answers after `since`, given again. */
function answersOf(store: Store, who: Generation, since: FrameEnd): readonly Ack[] {
  const last = { seq: Number.POSITIVE_INFINITY, position: store.position }
  return framesOf(store, who, since, last).map((frame) => ackOf(store, frame))
}
