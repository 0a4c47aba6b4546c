/** Shows records one by one, up to a limit, and remembers whether any could not be read. */
import { isDamage } from '../../persistence/decode.ts'
import { type RecordView, recordToJson, viewRecord } from '../../persistence/replay/record-view.ts'
import type { Damage, StoredRecord } from '../../persistence/stored.ts'
import { exit } from './command.ts'
import type { Output } from './output.ts'
import { damageLine, recordLines, valueWidth } from './show-record.ts'

/** How they are shown. */
export interface RecordListStyle {
  readonly json?: boolean | undefined
  /** Values however long. */
  readonly full?: boolean | undefined
}

export class RecordList {
  readonly #out: Output
  readonly #json: boolean
  readonly #width: number
  #left: number
  #damaged = false

  constructor({ json, full }: RecordListStyle, limit: number, out: Output) {
    this.#out = out
    this.#json = json === true
    this.#width = full ? Number.POSITIVE_INFINITY : valueWidth
    this.#left = limit
  }

  /** False once there is no room for more. */
  add(record: StoredRecord | Damage): boolean {
    if (isDamage(record)) this.#damage(record)
    else this.#record(viewRecord(record as StoredRecord))
    this.#left -= 1
    return this.#left > 0
  }

  end(): number {
    return this.#damaged ? exit.failed : exit.ok
  }

  #record(view: RecordView): void {
    if (this.#json) this.#out.json(recordToJson(view))
    else
      for (const line of recordLines(view, this.#out, { width: this.#width })) this.#out.line(line)
  }

  #damage(damage: Damage): void {
    this.#damaged = true
    if (this.#json) this.#out.json(damage)
    else this.#out.line(damageLine(damage, this.#out))
  }
}
