/**
 * D6: acknowledged means synced. SIGKILL cannot show that, the page cache survives it; so this
 * watches the system calls of a committing process, and recovers from what the disk held at the
 * last sync.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '../../persistence/sqlite/sqlite-store.ts'
import { fromSources } from '../house/from-sources.ts'
import { withFolder } from './temp.ts'

const child = fileURLToPath(new URL('./committing-child.ts', import.meta.url))
const traced = 'openat,close,pwrite64,write,ftruncate,fsync,fdatasync'

type Call =
  | { readonly kind: 'write'; readonly path: string; readonly at: number; readonly bytes: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'sync'; readonly path: string }
  | { readonly kind: 'ack'; readonly position: number }

/** Runs the child under strace and returns what it did to the store's files, in order. */
function trace(folder: string, commits: number): Call[] {
  const output = join(folder, 'trace')
  const run = spawnSync(
    'strace',
    // -f: all threads; -xx and -s: bytes in full, to replay the writes.
    [
      '-f',
      '-xx',
      '-s',
      '2000000',
      '-e',
      `trace=${traced}`,
      '-o',
      output,
      process.execPath,
      ...fromSources,
      child,
      join(folder, 's.db'),
      `${commits}`,
    ],
    { encoding: 'utf8' },
  )
  if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') {
    assert.fail('strace is missing and D6 cannot be shown without it: apt-get install -y strace')
  }
  assert.equal(run.status, 0, run.stderr)
  return callsIn(readFileSync(output, 'latin1'), join(folder, 's.db'))
}

function callsIn(log: string, file: string): Call[] {
  const paths = new Map<string, string>()
  const unfinished = new Map<string, string>()
  const calls: Call[] = []
  for (const raw of log.split('\n')) {
    const line = joined(raw, unfinished)
    const opened = /openat\([^,]+, "([^"]*)".*= (\d+)$/.exec(line)
    if (opened !== null) paths.set(opened[2] ?? '', unhex(opened[1] ?? '').toString())
    const closed = /close\((\d+)\)/.exec(line)
    if (closed !== null) paths.delete(closed[1] ?? '')
    const call = storeCall(line, paths, file)
    if (call !== undefined) calls.push(call)
  }
  return calls
}

/** A call that strace split because another thread came between counts when it is complete. */
function joined(raw: string, unfinished: Map<string, string>): string {
  const [pid = ''] = raw.split(' ', 1)
  const cut = raw.indexOf(' <unfinished ...>')
  if (cut >= 0) {
    unfinished.set(pid, raw.slice(0, cut))
    return ''
  }
  const resumed = raw.indexOf(' resumed>')
  return resumed < 0 ? raw : `${unfinished.get(pid)}${raw.slice(resumed + ' resumed>'.length)}`
}

function storeCall(line: string, paths: Map<string, string>, file: string): Call | undefined {
  const write = /(?:pwrite64|write)\((\d+), "([^"]*)", (\d+)(?:, (\d+))?\)\s+= \d+$/.exec(line)
  if (write?.[1] === '1') {
    const text = unhex(write[2] ?? '').toString()
    const ack = /^ack (\d+)/.exec(text)
    return ack === null ? undefined : { kind: 'ack', position: Number(ack[1]) }
  }
  const call = write ?? /(?:ftruncate|fsync|fdatasync)\((\d+)(?:, (\d+))?\)\s+= 0$/.exec(line)
  const path = paths.get(call?.[1] ?? '') ?? ''
  if (call === null || (path !== file && path !== `${file}-wal`)) return undefined
  if (write !== null) {
    return { kind: 'write', path, at: Number(write[4]), bytes: unhex(write[2] ?? '') }
  }
  if (line.includes('ftruncate(')) return { kind: 'truncate', path, size: Number(call[2]) }
  return { kind: 'sync', path }
}

function unhex(escaped: string): Buffer {
  return Buffer.from(escaped.replaceAll('\\x', ''), 'hex')
}

test('D6: each acknowledgement comes after a completed sync of every byte it stands on', () => {
  withFolder((folder) => {
    const calls = trace(folder, 40)
    const unsynced = new Set<string>()
    let acks = 0
    let written = false
    for (const call of calls) {
      if (call.kind === 'write' && call.path.endsWith('-wal')) {
        unsynced.add(call.path)
        written = true
      }
      if (call.kind === 'sync') unsynced.delete(call.path)
      if (call.kind !== 'ack') continue
      assert.ok(written, `ack ${call.position} without a write`)
      assert.deepEqual([...unsynced], [], `ack ${call.position} came before its sync`)
      written = false
      acks += 1
    }
    assert.equal(acks, 40)
  })
})

test('D6: what the disk held at the last sync before each acknowledgement opens and holds it', () => {
  withFolder((folder) => {
    const calls = trace(folder, 25)
    const disk = new Map<string, Buffer>()
    const cache = new Map<string, Buffer>()
    for (const call of calls) {
      if (call.kind === 'write')
        cache.set(call.path, overwritten(cache.get(call.path), call.at, call.bytes))
      if (call.kind === 'truncate') cache.set(call.path, resized(cache.get(call.path), call.size))
      if (call.kind === 'sync') disk.set(call.path, cache.get(call.path) ?? Buffer.alloc(0))
      if (call.kind === 'ack' && call.position % 5 === 0) {
        const copy = join(folder, `disk-${call.position}.db`)
        for (const [path, bytes] of disk) {
          writeFileSync(path.endsWith('-wal') ? `${copy}-wal` : copy, bytes)
        }
        const store = openSqliteStore(copy)
        assert.equal(store.position, call.position)
        assert.equal(store.stats().pending, call.position)
        store.close()
      }
    }
  })
})

function overwritten(before: Buffer | undefined, at: number, bytes: Buffer): Buffer {
  const after = resized(before, Math.max(before?.length ?? 0, at + bytes.length))
  bytes.copy(after, at)
  return after
}

/** A copy: what was synced must not change with what is written later. */
function resized(before: Buffer | undefined, size: number): Buffer {
  const after = Buffer.alloc(size)
  before?.copy(after)
  return after
}
