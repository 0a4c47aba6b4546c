/** Collects what changed below one container: places set anew, and places patched. */

import { type Patch, REPLACE } from '../../persistence/patch-shape.ts'

export class Places<K> {
  readonly sets: unknown[] = []
  readonly subs: unknown[] = []

  set(key: K, value: unknown): void {
    this.sets.push(key, value)
  }

  /** A replaced place is set; anything else is patched. */
  put(key: K, patch: Patch | undefined): void {
    if (patch === undefined) return
    if (patch[0] === REPLACE) this.sets.push(key, patch[1])
    else this.subs.push(key, patch)
  }
}

/** A patch without empty lists at its end; undefined if all are empty. */
export function trimmed(
  kind: number,
  ...lists: readonly (readonly unknown[])[]
): Patch | undefined {
  let length = lists.length
  while (length > 0 && lists[length - 1]!.length === 0) length--
  return length === 0 ? undefined : ([kind, ...lists.slice(0, length)] as unknown as Patch)
}
