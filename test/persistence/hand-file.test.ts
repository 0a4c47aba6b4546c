/** F3: what is in hand survives the death of its thread and of the process, and a torn write. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  allocateHand,
  batchSize,
  Hand,
  handFile,
  handMemory,
  handPath,
  type InHand,
  readHand,
  suspectKey,
} from '../../persistence/hand-file.ts'
import {
  readHands,
  readSuspects,
  removeHands,
  writeSuspects,
} from '../../persistence/suspects-file.ts'
import { withFolder } from './temp.ts'

const entry: fc.Arbitrary<InHand> = fc
  .tuple(fc.integer({ min: -1_000_000, max: 2 ** 50 }), fc.nat(9), fc.nat(9), fc.nat(9))
  .map(([position, index, starts, actor]) => ({ position, index, starts: starts + 1, actor }))
const entries = (maxLength: number): fc.Arbitrary<InHand[]> =>
  fc.uniqueArray(entry, { maxLength, selector: suspectKey })
const keys = (found: readonly InHand[]): string[] => found.map(suspectKey).sort()

test('F3: the last batch and whatever is out are read back, what ended is not', () => {
  withFolder((folder) => {
    const path = join(folder, 's.db')
    const inMemory = handMemory(allocateHand())
    for (const medium of [handFile(path, 3), inMemory]) {
      const hand = new Hand(medium)
      let out: { place: number; entry: InHand }[] = []
      fc.assert(
        fc.property(entries(batchSize), entries(6), fc.nat(6), (batch, more, ending) => {
          hand.batch(batch)
          for (const entry of more) out.push({ place: hand.open(entry) as number, entry })
          for (const { place } of out.slice(0, ending)) hand.end(place)
          out = out.slice(ending)
          const expected = [...batch, ...out.map(({ entry }) => entry)]
          assert.deepEqual(keys(readHand(medium.read())), [...new Set(keys(expected))])
        }),
        { numRuns: 50 },
      )
    }
  })
})

test('F3: an entry that was half written is none, the others stand', () => {
  withFolder((folder) => {
    const medium = handFile(join(folder, 's.db'), 0)
    const hand = new Hand(medium)
    hand.batch([1, 2, 3].map((position) => ({ position, index: 0, starts: 1, actor: 7 })))
    const bytes = medium.read().slice()
    bytes[24] = 99
    assert.deepEqual(
      readHand(bytes).map(({ position }) => position),
      [1, 3],
    )
    assert.deepEqual(readHand(bytes.subarray(0, 60)).length, 1)
  })
})

test('F3: a clean end leaves no file, an unclean one what the next process reads', () => {
  withFolder((folder) => {
    const path = join(folder, 's.db')
    const clean = new Hand(handFile(path, 1))
    clean.batch([{ position: 1, index: 0, starts: 1, actor: 7 }])
    clean.close()
    assert.equal(existsSync(handPath(path, 1)), false)
    new Hand(handFile(path, 2)).open({ position: 2, index: 0, starts: 1, actor: 7 })
    assert.deepEqual(readHands(path), [{ position: 2, index: 0, starts: 1, actor: 7 }])
    removeHands(path)
    assert.deepEqual(readHands(path), [])
  })
})

test('F3: suspects are kept with their counts; a file that makes no sense holds none', () => {
  withFolder((folder) => {
    const path = join(folder, 's.db')
    const suspects = [{ position: 2, index: 0, starts: 2, actor: 7, address: 'a/b' }]
    writeSuspects(path, suspects, true)
    assert.deepEqual(readSuspects(path), suspects)
    writeSuspects(path, [], true)
    assert.equal(existsSync(`${path}-suspects`), false)
    assert.deepEqual(readSuspects(path), [])
    writeSuspects(path, [{ hello: 1 } as never], false)
    assert.deepEqual(readSuspects(path), [])
  })
})
