import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { development } from '../../../examples/knowledge-base/evaluation/development.ts'
import { evaluate, SectionFinder } from '../../../examples/knowledge-base/evaluation/evaluate.ts'
import { heldOut } from '../../../examples/knowledge-base/evaluation/held-out.ts'
import {
  type PreparedCorpus,
  prepareCorpus,
} from '../../../examples/knowledge-base/evaluation/prepare.ts'
import { questions } from '../../../examples/knowledge-base/evaluation/questions.ts'

describe('the evaluation', () => {
  let corpus: PreparedCorpus
  before(async () => {
    corpus = await prepareCorpus()
  })
  after(() => corpus.close())

  test('the questions fit the corpus: every expected section is there and has text', () => {
    const finder = new SectionFinder(corpus.folder)
    for (const set of [questions, development, heldOut]) {
      for (const { file, heading } of set.answerable.flatMap(({ expected }) => expected.flat())) {
        assert.ok(finder.headings(file).has(heading), `${file} › ${heading}`)
      }
    }
  })

  test('of 30 questions 80 % cite the expected section, and all 10 unanswerable ones are refused', async () => {
    assert.deepEqual([questions.answerable.length, questions.unanswerable.length], [30, 10])
    const { answered, refused } = await evaluate(questions, corpus.retriever, corpus.folder)
    assert.ok(answered >= 0.8, `cites the expected section: ${answered}`)
    assert.equal(refused, 1)
  })

  test('each stage earns its place: leaving one out lowers the score', async () => {
    for (const set of [questions, development]) {
      const run = (stages: { decompose: boolean; reason: boolean }) =>
        evaluate(set, corpus.retriever, corpus.folder, stages)
      const whole = await run({ decompose: true, reason: true })
      const undivided = await run({ decompose: false, reason: true })
      const unreasoned = await run({ decompose: true, reason: false })
      assert.ok(undivided.answered < whole.answered, 'decompose answers more')
      assert.ok(unreasoned.overall < whole.overall, 'reason is right more often')
      assert.ok(unreasoned.precision < whole.precision, 'reason says less beside the point')
    }
  })
})
