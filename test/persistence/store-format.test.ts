/** The worked example of `docs/store-format.md` is what the store really writes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { isDamage } from '../../persistence/decode.ts'
import { openMemoryStore } from '../../persistence/memory-store.ts'
import { PartFlag, PartKind, RecordFlag, RecordKind, Section } from '../../persistence/record.ts'
import { SegmentBuilder } from '../../persistence/segment.ts'
import { segmentChecksum } from '../../persistence/sqlite/rows.ts'
import { formatVersion } from '../../persistence/sqlite/schema.ts'
import type { StoredSegment } from '../../persistence/stored.ts'

const doc = readFileSync(new URL('../../docs/store-format.md', import.meta.url), 'utf8')

/** One turn of `account/alice` that handled a message only in memory and sent one to `account/bob`. */
function example(): StoredSegment {
  const store = openMemoryStore({ now: () => 1_790_000_000_500 })
  const build = new SegmentBuilder(2, store.beginEpoch(2))
  build.record({
    kind: RecordKind.turn,
    time: 1_790_000_000_000,
    actor: 'account/alice',
    turn: 1,
    version: 1,
    message: { position: -7, index: 41 },
    lane: 3,
    name: 'transfer',
    state: Uint8Array.of(0x81, 0xa1, 0x62, 0x1e),
  })
  build.message({
    to: 'account/alice',
    name: 'transfer',
    lane: 3,
    flags: PartFlag.inline | PartFlag.durable,
    payload: Uint8Array.of(0x0a),
  })
  build.message({
    to: 'account/bob',
    from: 'account/alice',
    name: 'deposit',
    lane: 2,
    flags: PartFlag.durable,
    cause: { position: -7, index: 41 },
    payload: Uint8Array.of(0x0a),
  })
  store.commit([build.take()])
  const [segment] = store.segments(1, 1)
  assert.ok(segment !== undefined && !isDamage(segment))
  return segment
}

function block(name: string): string {
  const match = new RegExp(`\`\`\`${name}\n([^\`]*)\`\`\``).exec(doc)
  assert.ok(match !== null, `docs/store-format.md has a block "${name}"`)
  return (match[1] ?? '').trim()
}

/** As in the document: an offset, sixteen bytes a line. */
function dump(bytes: Uint8Array): string {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)].map((byte) => byte.toString(16).padStart(2, '0'))
    lines.push(`${at.toString(16).padStart(4, '0')}  ${row.join(' ')}`)
  }
  return lines.join('\n')
}

test('docs/store-format.md shows the bytes that the store writes', () => {
  const segment = example()
  assert.equal(block('directory'), dump(segment.directory))
  assert.equal(block('body'), dump(segment.body))
  assert.ok(doc.includes(`\`${segmentChecksum(segment)}\``), `checksum ${segmentChecksum(segment)}`)
})

test('docs/store-format.md names every kind, flag and section with its number, and the version', () => {
  const rows = new Set(
    [...doc.matchAll(/^\| (\d+) \| `(\w+)` \|/gm)].map(([, no, name]) => `${no} ${name}`),
  )
  for (const table of [RecordKind, PartKind, RecordFlag, PartFlag, Section]) {
    for (const [name, no] of Object.entries(table)) {
      assert.ok(rows.has(`${no} ${name}`), `| ${no} | \`${name}\` |`)
    }
  }
  assert.ok(doc.includes(`Format version ${formatVersion}`))
})
