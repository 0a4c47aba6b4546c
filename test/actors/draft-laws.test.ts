import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDraft } from '../../actors/draft/draft.ts'
import { decodeValue, encodeValue } from '../../persistence/codec.ts'
import { copyEncodable } from '../../persistence/copy.ts'
import { deepFreeze } from '../../persistence/freeze.ts'
import { applyPatch } from '../../persistence/patch.ts'
import { fresh, perform, program, reaches, type Step, show } from './draft-programs.ts'

const runs = { numRuns: 1_500 }
const state = fc.dictionary(fc.constantFrom('a', 'b', '7', 'z'), fresh, { minKeys: 1 })

/** Both sides of a program, in step: objects met natively and their drafts, by the same numbers. */
class Sides {
  readonly native: object[]
  readonly drafted: object[]

  constructor(native: object, drafted: object) {
    this.native = [native]
    this.drafted = [drafted]
  }

  run(step: Step): void {
    const values = this.#valuesFor(step)
    if (values === undefined) return
    perform(step, this.native, values[0])
    perform(step, this.drafted, values[1])
    assert.equal(this.drafted.length, this.native.length, 'both sides meet the same objects')
  }

  #valuesFor({ value, target }: Step): [unknown, unknown] | undefined {
    if (value.kind === 'primitive') return [value.value, value.value]
    if (value.kind === 'fresh') return [copyEncodable(value.value), copyEncodable(value.value)]
    const index = value.index % this.native.length
    const closesCycle = reaches(this.native[index], this.native[target % this.native.length])
    return closesCycle ? undefined : [this.native[index], this.drafted[index]]
  }

  /** Two names for one object on one side are two names for one object on the other. */
  checkIdentity(): void {
    const classes = (handles: object[]) => handles.map((handle) => handles.indexOf(handle))
    assert.deepEqual(classes(this.drafted), classes(this.native))
  }
}

test('D3 T3: a draft behaves as native mutation does, and its patch gives the same state', () => {
  fc.assert(
    fc.property(state, program, (given, steps) => {
      const base = copyEncodable(given)
      const native = copyEncodable(given)
      const draft = createDraft<object>(base)
      const sides = new Sides(native, draft.state)
      for (const step of steps) sides.run(step)
      sides.checkIdentity()
      const expected = show(native)
      assert.deepEqual(show(copyEncodable(draft.state)), expected, 'seen within the turn')
      const patch = draft.finish()
      assert.deepEqual(show(base), show(given), 'the base is untouched')
      const bytes = encodeValue(patch)
      const folded =
        patch === undefined
          ? copyEncodable(given)
          : applyPatch(copyEncodable(given), decodeValue(bytes))
      assert.deepEqual(show(folded), expected, 'folded from the record')
      const applied = patch === undefined ? base : applyPatch(base, patch)
      assert.deepEqual(show(applied), expected, 'applied in memory')
    }),
    runs,
  )
})

test('T3: many turns after one another fold to the same state', () => {
  fc.assert(
    fc.property(state, fc.array(program, { maxLength: 5 }), (given, turns) => {
      let native: object = copyEncodable(given)
      let base: object = copyEncodable(given)
      let recovered: object = copyEncodable(given)
      for (const steps of turns) {
        const draft = createDraft<object>(base)
        const sides = new Sides(native, draft.state)
        for (const step of steps) sides.run(step)
        const patch = draft.finish()
        draft.revoke()
        native = copyEncodable(native)
        if (patch === undefined) continue
        const bytes = encodeValue(patch)
        base = applyPatch(base, patch) as object
        recovered = applyPatch(recovered, decodeValue(bytes)) as object
      }
      assert.deepEqual(show(base), show(native))
      assert.deepEqual(show(recovered), show(native))
    }),
    runs,
  )
})

test('T5: whatever a turn does with its payload, the payload stays as it was sent', () => {
  fc.assert(
    fc.property(state, fresh, fc.boolean(), program, (given, sent, frozen, steps) => {
      const base = copyEncodable(given)
      const native = copyEncodable(given)
      const payload = frozen ? deepFreeze(copyEncodable(sent)) : copyEncodable(sent)
      const draft = createDraft<Record<string, unknown>>(base)
      draft.share(payload)
      ;(native as Record<string, unknown>)['payload'] = copyEncodable(sent)
      draft.state['payload'] = payload
      const sides = new Sides(native, draft.state)
      for (const step of steps) sides.run(step)
      const patch = draft.finish()
      assert.deepEqual(show(payload), show(sent), 'the payload is untouched')
      const applied = patch === undefined ? base : applyPatch(base, patch)
      assert.deepEqual(show(applied), show(native))
    }),
    runs,
  )
})
