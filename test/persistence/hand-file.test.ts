/** F3: what was in hand survives the death of the process, and a torn write. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { batchSize, type InHand, InHandFile } from '../../persistence/hand-file.ts'
import { withFolder } from './temp.ts'

const entry: fc.Arbitrary<InHand> = fc
  .tuple(fc.integer({ min: -1_000_000, max: 2 ** 50 }), fc.nat(2 ** 31 - 1), fc.nat(9), fc.nat(99))
  .map(([position, index, starts, actor]) => ({ position, index, starts, actor }))

test('F3: what was written last is read back, by a later process too', () => {
  withFolder((folder) => {
    const path = join(folder, 's.db')
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { maxLength: batchSize }), { minLength: 1, maxLength: 5 }),
        (batches) => {
          const file = new InHandFile(path, 3)
          for (const batch of batches) file.write(batch)
          file.close()
          const later = new InHandFile(path, 3)
          assert.deepEqual(later.read(), batches.at(-1))
          later.close()
        },
      ),
      { numRuns: 50 },
    )
  })
})

test('F3: a torn write shows the batch before it', () => {
  withFolder((folder) => {
    const path = join(folder, 's.db')
    const one = [{ position: 1, index: 0, starts: 1, actor: 7 }]
    const two = [{ position: 2, index: 0, starts: 1, actor: 7 }]
    for (let at = 0; at < 2000; at += 97) {
      const file = new InHandFile(path, 0)
      file.write(one)
      const before = readFileSync(`${path}-hand-0`)
      file.write(two)
      file.close()
      const after = readFileSync(`${path}-hand-0`)
      writeFileSync(`${path}-hand-0`, Buffer.concat([after.subarray(0, at), before.subarray(at)]))
      const torn = new InHandFile(path, 0)
      assert.ok([1, 2].includes(torn.read()[0]?.position ?? 0))
      torn.remove()
    }
  })
})

test('F3: a clean end leaves no suspects and no file', () => {
  withFolder((folder) => {
    const file = new InHandFile(join(folder, 's.db'), 1)
    assert.deepEqual(file.read(), [])
    file.write([{ position: 1, index: 0, starts: 1, actor: 7 }])
    file.write([])
    assert.deepEqual(file.read(), [])
    file.remove()
    assert.equal(existsSync(join(folder, 's.db-hand-1')), false)
  })
})
