/**
 * The tables of a store file, its format version, and the refusal of files that are something else.
 * `docs/store-format.md` describes them; change both together, and raise `formatVersion`.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'
import type { Connection } from './connection.ts'

/** Written into SQLite's `user_version`. */
export const formatVersion = 1
/** "trup", written into SQLite's `application_id`. */
export const applicationId = 0x74727570

const tables = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
  CREATE TABLE segments (
    position INTEGER PRIMARY KEY, count INTEGER NOT NULL, slot INTEGER NOT NULL,
    epoch INTEGER NOT NULL, seq INTEGER NOT NULL, time INTEGER NOT NULL,
    checksum INTEGER NOT NULL, directory BLOB NOT NULL, body BLOB NOT NULL
  );
  CREATE TABLE actors (
    no INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, head INTEGER NOT NULL,
    turn INTEGER NOT NULL, bytes INTEGER NOT NULL, snapshot_size INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  );
  CREATE TABLE names (no INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, checksum INTEGER NOT NULL);
  CREATE TABLE snapshots (
    actor INTEGER NOT NULL, position INTEGER NOT NULL, turn INTEGER NOT NULL,
    version INTEGER NOT NULL, checksum INTEGER NOT NULL, state BLOB NOT NULL, meta BLOB,
    PRIMARY KEY (actor, position)
  );
  CREATE TABLE checkpoints (
    position INTEGER NOT NULL, part INTEGER NOT NULL, last INTEGER NOT NULL,
    checksum INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (position, part)
  );
  CREATE TABLE own_ids (
    actor INTEGER NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, idx INTEGER NOT NULL,
    settled_by INTEGER NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (actor, id)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX own_ids_message ON own_ids (position, idx);
  CREATE INDEX own_ids_time ON own_ids (time) WHERE settled_by > 0;
  CREATE TABLE epochs (slot INTEGER PRIMARY KEY, epoch INTEGER NOT NULL);
`

const headerSize = 100
const magic = 'SQLite format 3\0'

/**
 * Looks at a file's header before SQLite touches it, so that a newer store is left as it is, byte
 * for byte (D9). True when there is a store, false when there is nothing yet.
 * @throws STORE_NEWER, STORE_CORRUPT
 */
export function inspect(file: string): boolean {
  if (!existsSync(file)) return false
  const header = readHeader(file)
  if (header.length === 0) return false
  if (header.length < headerSize || header.toString('latin1', 0, 16) !== magic) {
    throw new TroupeError('STORE_CORRUPT', `${file} is no SQLite file, or its start is damaged`)
  }
  // A store whose first pages are still in the WAL shows zeros; `prepare` looks again.
  if (header.readUInt32BE(68) !== 0)
    checkIdentity(file, header.readUInt32BE(68), header.readUInt32BE(60))
  return true
}

/**
 * Creates the tables of a new store, or checks those of an old one.
 * @param id identity of a new store
 */
export function prepareSchema(file: string, connection: Connection, id: string): void {
  const application = Number(connection.pragma('application_id'))
  if (application !== 0 || tableCount(connection) > 0) {
    checkIdentity(file, application, Number(connection.pragma('user_version')))
    return
  }
  connection.begin()
  connection.exec(tables)
  connection.prepare('INSERT INTO meta VALUES (?, ?)').run('id', id)
  connection.exec(`PRAGMA application_id = ${applicationId}`)
  connection.exec(`PRAGMA user_version = ${formatVersion}`)
  connection.commit()
  // The version must be readable from the main file alone.
  connection.pragma('wal_checkpoint(TRUNCATE)')
}

function checkIdentity(file: string, application: number, version: number): void {
  if (application !== applicationId) {
    throw new TroupeError('STORE_CORRUPT', `${file} is an SQLite database but no troupe store`)
  }
  if (version > formatVersion) {
    throw new TroupeError(
      'STORE_NEWER',
      `${file} has format ${version}, this version of troupe knows up to ${formatVersion}; upgrade troupe, the file was not touched`,
      { fields: { file, version, known: formatVersion } },
    )
  }
}

function tableCount(connection: Connection): number {
  const [count] = connection.prepare('SELECT count(*) FROM sqlite_schema').get() ?? [0]
  return Number(count)
}

function readHeader(file: string): Buffer {
  const header = Buffer.alloc(headerSize)
  const descriptor = openSync(file, 'r')
  try {
    return header.subarray(0, readSync(descriptor, header, 0, headerSize, 0))
  } finally {
    closeSync(descriptor)
  }
}
