/** F3: which starts count against whom, without threads: what a death finds in the hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashAddress } from '../../mailbox/address.ts'
import { Envelope } from '../../mailbox/envelope.ts'
import { Lane } from '../../mailbox/lane.ts'
import {
  allocateHand,
  Hand,
  handMemory,
  type InHand,
  readHand,
} from '../../persistence/hand-file.ts'
import { lastStart, Starts } from '../../runtime/peer/starts.ts'

/** One process after the other, with what is known of the ones before. */
class Lives {
  #suspects = new Map<string, InHand>()
  refused: string[] = []
  #hand = allocateHand()

  live(): Starts {
    this.#hand = allocateHand()
    const starts = new Starts(new Hand(handMemory(this.#hand)), {
      cleared: (key) => void this.#suspects.delete(key),
      quarantined: (_suspect, address) => void this.refused.push(address),
    })
    starts.know([...this.#suspects.values()])
    return starts
  }

  die(): void {
    for (const entry of readHand(new Uint8Array(this.#hand))) {
      const key = `${entry.position}:${entry.index}:${entry.actor}`
      const known = this.#suspects.get(key)?.starts ?? 0
      this.#suspects.set(key, { ...entry, starts: Math.max(known, entry.starts) })
    }
  }

  /** Most starts that count against anything. */
  get most(): number {
    return Math.max(0, ...[...this.#suspects.values()].map(({ starts }) => starts))
  }

  startsOf(envelope: Envelope): number {
    const { a, b, to } = envelope
    return this.#suspects.get(`${a}:${b}:${hashAddress(to)}`)?.starts ?? 0
  }
}

function stored(to: string, position: number): Envelope {
  const envelope = new Envelope(to, '', 'work', undefined, Lane.normal, position, 0, 0, 0)
  envelope.position = position
  return envelope
}

const thousand = Array.from({ length: 1_000 }, (_, i) => stored(`worker/w${i}`, i + 1))

test('F3: kills from outside never quarantine a thousand turns that were out, nor activations', () => {
  const lives = new Lives()
  for (let kill = 0; kill < 4; kill += 1) {
    const starts = lives.live()
    for (const envelope of thousand) {
      assert.equal(starts.activation(envelope.to), true)
      assert.equal(starts.message(envelope, []), true)
      starts.goesOn(envelope)
      starts.rested()
    }
    lives.die()
  }
  assert.equal(lives.most, 1)
  assert.deepEqual(lives.refused, [])
})

test('F3: one that kills with a thousand others out is refused at its third start, alone', () => {
  const lives = new Lives()
  const guilty = stored('worker/guilty', 5_000)
  for (let start = 1; start < lastStart; start += 1) {
    const starts = lives.live()
    for (const envelope of thousand) {
      assert.equal(starts.message(envelope, []), true)
      starts.goesOn(envelope)
    }
    assert.equal(starts.message(guilty, []), true, `start ${start}`)
    lives.die()
  }
  const starts = lives.live()
  assert.equal(starts.message(guilty, []), false)
  for (const envelope of thousand) assert.equal(starts.message(envelope, []), true)
  assert.deepEqual(lives.refused, ['worker/guilty'])
})

test('F3: an activation counts while its code runs or its actor is tried, not while others wait', () => {
  const lives = new Lives()
  lives.live().activation('a/1')
  lives.die()
  const second = lives.live()
  second.activation('a/1')
  second.bringsUp('a/1')
  lives.die()
  assert.equal(lives.live().activation('a/1'), false)
  const other = new Lives()
  other.live().activation('a/2')
  other.die()
  const tried = other.live()
  tried.try('a/2')
  tried.activation('a/2')
  other.die()
  assert.equal(other.live().activation('a/2'), false)
})

test('F3: a turn that waits counts only while its actor is tried', () => {
  const lives = new Lives()
  const [a, b] = [stored('a/1', 1), stored('a/2', 2)]
  const first = lives.live()
  for (const envelope of [a, b]) {
    first.message(envelope, [])
    first.goesOn(envelope)
  }
  lives.die()
  const second = lives.live()
  second.try('a/1')
  second.message(a, [])
  second.goesOn(a)
  second.rested()
  // It takes too long: the next one has its go, and kills.
  second.try('a/2')
  second.message(b, [])
  lives.die()
  assert.deepEqual([lives.startsOf(a), lives.startsOf(b)], [1, 2])
})
