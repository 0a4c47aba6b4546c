/** The list of fault points, their places in the sources and their page are the same. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultPoints } from '../../mailbox/fault-points.ts'
import { read, rooms, sourcesIn } from './repository.ts'

test('every fault point stands in exactly one place', () => {
  const places = [...sourcesIn(rooms).values()]
    .flatMap((source) => [...source.matchAll(/(?:faults\?\.|\.passed)\('([^']+)'\)/g)])
    .map(([, point]) => point)
  assert.deepEqual(places.toSorted(), [...faultPoints].toSorted())
})

test('every fault point is documented, in the order of the list', () => {
  const rows = [...read('docs/fault-points.md').matchAll(/^\| `([^`]+)` \|/gm)]
  assert.deepEqual(
    rows.map(([, point]) => point),
    [...faultPoints],
  )
})
