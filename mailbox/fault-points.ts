/**
 * Named places on the road of a message, of a snapshot, a checkpoint, an archive and a backup, where a
 * test can stop a thread, make it fail, or end it and its process. `docs/fault-points.md` says what
 * each one stands between.
 *
 * Owns the closed list. Does not own what happens there: each thread is handed a {@link Faults}, or
 * none, and calls it with the name. Nothing about it is kept in a module (S3).
 */

/** All of them, in the order of the road. */
export const faultPoints = [
  // A system comes up: main thread.
  'boot:store-open',
  'boot:hosts-up',
  'boot:before-intake',
  // A message finds its actor: hosts, and main with `workers: 0`.
  'mailbox:before-enqueue',
  'mailbox:enqueued',
  'link:before-frame',
  'link:frame-sent',
  'link:frame-arrived',
  'link:frame-taken',
  'actor:before-load',
  'actor:loaded',
  // Its turn, and the steps of it.
  'turn:before-handler',
  'turn:settled',
  'turn:recorded',
  'step:before-begun',
  'step:begun',
  'step:answered',
  'step:done',
  // The way of its record to the store, and of what it says after the commit.
  'journal:before-frame',
  'journal:frame-sent',
  'outbox:before-release',
  'outbox:released',
  // The store's thread, or main where the store is.
  'commit:begin',
  'commit:written',
  'commit:synced',
  'commit:noted',
  'commit:answered',
  'timer:before-fire',
  'timer:fired',
  'snapshot:before-write',
  'snapshot:written',
  'checkpoint:before-chunk',
  'checkpoint:chunk-written',
  'retention:before-drop',
  'retention:dropped',
  // The archivist's thread.
  'snapshot:folded',
  'checkpoint:encoded',
  'archive:before-file',
  'archive:file-written',
  'archive:file-named',
  // A backup's thread.
  'backup:copied',
  'backup:examined',
  'backup:store-named',
  'backup:states-named',
  'backup:named',
  // A host dies and is replaced: main thread.
  'host:lost',
  'host:fenced',
  'host:settled',
  'host:up',
  'suspects:before-write',
  'suspects:written',
  // The end of a system: main thread.
  'close:drained',
  'close:threads-stopped',
  'close:store-closed',
] as const

/** One of the places. */
export type FaultPoint = (typeof faultPoints)[number]

/**
 * Called at every fault point of its thread, synchronously. It may return, block, throw, or not
 * return at all; undefined in production.
 */
export type Faults = (point: FaultPoint) => void
