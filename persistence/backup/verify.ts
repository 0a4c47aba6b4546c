/**
 * Proves a backup by reading it: the files are the bytes that were written, every record passes its
 * checksum, and every actor folds to the state that was noted when the backup was taken.
 */
import { existsSync } from 'node:fs'
import { TroupeError } from '../../mailbox/errors.ts'
import { type BackupProgress, examine } from './examine.ts'
import { type FileSum, sumOf } from './files.ts'
import { filesOf, finishedIn, type Manifest, readManifest } from './manifest.ts'
import { type ActorState, readStateList } from './state-list.ts'

/** Who is told how far a verification is, and how to stop it. */
export interface VerifyOptions {
  readonly signal?: AbortSignal | undefined
  /** Told how far it is. */
  readonly progress?: ((progress: BackupProgress) => void) | undefined
  /** As the backup was taken with. */
  readonly emptyMeta?: (() => unknown) | undefined
  /**
   * `folds` (default): everything. `checksums`: the files are the bytes that were written, whose folds
   * were checked then.
   */
  readonly depth?: 'folds' | 'checksums' | undefined
}

/** What a verification found. */
export interface Verdict {
  readonly name: string
  /** True when nothing is wrong: this backup counts. */
  readonly ok: boolean
  /** Absent when it cannot be read. */
  readonly manifest?: Manifest
  /** What is wrong, for people; names the actor where one is concerned. */
  readonly problems: readonly string[]
}

/** Verifies one backup of a folder. Damage is in the verdict, not thrown. */
export async function verifyBackup(
  folder: string,
  name: string,
  options: VerifyOptions = {},
): Promise<Verdict> {
  let manifest: Manifest
  try {
    manifest = readManifest(folder, name)
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return { name, ok: false, problems: [error.message] }
  }
  const problems = await problemsOf(folder, manifest, options)
  return { name, ok: problems.length === 0, manifest, problems }
}

/**
 * Verifies all finished backups of a folder, newest first.
 * @throws BACKUP_MISSING when there is none
 */
export async function* verifyBackups(
  folder: string,
  options: VerifyOptions = {},
): AsyncGenerator<Verdict, void, void> {
  for (const name of namesToVerify(folder)) yield await verifyBackup(folder, name, options)
}

/** @throws BACKUP_MISSING */
function namesToVerify(folder: string): readonly string[] {
  const names = finishedIn(folder).reverse()
  if (names.length > 0) return names
  throw new TroupeError('BACKUP_MISSING', `${folder} holds no finished backup`)
}

async function problemsOf(
  folder: string,
  manifest: Manifest,
  options: VerifyOptions,
): Promise<string[]> {
  const files = filesOf(folder, manifest.name)
  const sums = [
    ...(await sumProblems(files.store, manifest.files.store, options)),
    ...(await sumProblems(files.states, manifest.files.states, options)),
  ]
  const own = [...sums, ...manifest.problems.map((problem) => `when it was taken: ${problem}`)]
  const isReadable = existsSync(files.store) && existsSync(files.states)
  if (options.depth === 'checksums' || !isReadable) return own
  return [...own, ...(await foldProblems(files, manifest, options))]
}

async function sumProblems(
  path: string,
  expected: FileSum,
  { signal, progress }: VerifyOptions,
): Promise<string[]> {
  if (!existsSync(path)) return [`${path} is not there`]
  progress?.({ phase: 'checksum', done: 0, total: expected.bytes })
  const { bytes, sha256 } = await sumOf(path, signal)
  if (bytes !== expected.bytes) {
    return [`${path} has ${bytes} bytes, ${expected.bytes} were written`]
  }
  return sha256 === expected.sha256 ? [] : [`${path} is not what was written: its SHA-256 differs`]
}

async function foldProblems(
  files: ReturnType<typeof filesOf>,
  manifest: Manifest,
  { emptyMeta, progress, signal }: VerifyOptions,
): Promise<string[]> {
  const comparison = new Comparison(readStateList(files.states))
  const state = comparison.take.bind(comparison)
  try {
    const found = await examine(files.store, { emptyMeta, progress, signal, state })
    comparison.end()
    const others = [
      ...differs('position', found.position, manifest.position),
      ...differs('store', found.storeId, manifest.store),
      ...Object.entries(manifest.counts).flatMap(([name, count]) =>
        differs(
          `number of ${name}`,
          (found.counts as unknown as Record<string, number>)[name],
          count,
        ),
      ),
    ]
    // What the store itself had was told when the backup was taken.
    const fresh = found.problems.filter((problem) => !manifest.problems.includes(problem))
    return [...fresh, ...comparison.problems, ...others]
  } catch (error) {
    if (!(error instanceof TroupeError)) throw error
    return [error.message]
  }
}

function differs(what: string, found: unknown, noted: unknown): string[] {
  return found === noted ? [] : [`its ${what} is ${found}, ${noted} was noted`]
}

/** Walks the noted states beside the folded ones; both come by number. */
export class Comparison {
  readonly problems: string[] = []
  readonly #noted: Iterator<ActorState | undefined>

  constructor(noted: Iterable<ActorState | undefined>) {
    this.#noted = noted[Symbol.iterator]()
  }

  take(found: ActorState): void {
    const { value: noted, done } = this.#noted.next()
    if (done === true) return this.#problem(`${found.actor} was not noted`)
    if (noted === undefined) return this.#problem(`the note of ${found.actor} is unreadable`)
    if (noted.no !== found.no || noted.actor !== found.actor) {
      return this.#problem(`${found.actor} is where ${noted.actor} was noted`)
    }
    if (noted.position !== found.position || noted.turn !== found.turn) {
      this.#problem(`${found.actor} ends at record ${found.position}, ${noted.position} was noted`)
    }
    if (noted.hash !== found.hash) {
      this.#problem(`${found.actor} does not fold to the state that was noted`)
    }
  }

  end(): void {
    const { value: noted, done } = this.#noted.next()
    if (done !== true) this.#problem(`${noted?.actor ?? 'an actor'} was noted and is not there`)
  }

  #problem(text: string): void {
    if (this.problems.length < 100) this.problems.push(text)
  }
}
