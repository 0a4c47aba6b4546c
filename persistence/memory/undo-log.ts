/** How to undo what a transaction has changed so far. Outside of one, changes stand at once. */
export class UndoLog {
  #steps: (() => unknown)[] | undefined

  /** What throws is undone, newest first. */
  transaction<T>(work: () => T): T {
    const steps: (() => unknown)[] = []
    this.#steps = steps
    try {
      return work()
    } catch (error) {
      for (const step of steps.reverse()) step()
      throw error
    } finally {
      this.#steps = undefined
    }
  }

  note(step: () => unknown): void {
    this.#steps?.push(step)
  }

  set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const before = map.get(key)
    map.set(key, value)
    this.note(() => (before === undefined ? map.delete(key) : map.set(key, before)))
  }
}
