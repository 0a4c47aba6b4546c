/** Collects what changed below one container: places set anew, and places patched. */

import { type Patch, REPLACE } from '../../persistence/patch-shape.ts'

export class Places<K> {
  #sets: unknown[] | undefined
  #subs: unknown[] | undefined

  /** Key, value, key, value. */
  get sets(): readonly unknown[] {
    return this.#sets ?? none
  }

  /** Key, patch, key, patch. */
  get subs(): readonly unknown[] {
    return this.#subs ?? none
  }

  set(key: K, value: unknown): void {
    if (this.#sets === undefined) this.#sets = [key, value]
    else this.#sets.push(key, value)
  }

  /** A replaced place is set; anything else is patched. */
  put(key: K, patch: Patch | undefined): void {
    if (patch === undefined) return
    if (patch[0] === REPLACE) this.set(key, patch[1])
    else if (this.#subs === undefined) this.#subs = [key, patch]
    else this.#subs.push(key, patch)
  }
}

/** A patch without empty lists at its end; undefined if all are empty. */
export function trimmed(
  kind: number,
  first: readonly unknown[],
  second: readonly unknown[],
  third: readonly unknown[] = none,
): Patch | undefined {
  const patch =
    third.length > 0
      ? [kind, first, second, third]
      : second.length > 0
        ? [kind, first, second]
        : [kind, first]
  return patch.length === 2 && first.length === 0 ? undefined : (patch as unknown as Patch)
}

const none: readonly never[] = Object.freeze([])
