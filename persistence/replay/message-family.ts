/** Messages that belong together by their causes, with where the history speaks of them. */
import { type MessageId, parseMessageId } from '../../mailbox/message-id.ts'
import { idOf } from './record-view.ts'

export class MessageFamily {
  readonly #members = new Map<MessageId, Member>()
  /** First halves of their ids: most messages are told apart by them, without a text being made. */
  readonly #positions = new Set<number>()
  readonly #grows: boolean

  /** @param grows takes in what its members led to */
  constructor(ids: readonly MessageId[], grows = true) {
    this.#grows = grows
    for (const id of ids) this.#add(id)
  }

  get(id: MessageId): Member | undefined {
    return this.#members.get(id)
  }

  /** True where some record names it. */
  isKnown(id: MessageId): boolean {
    const member = this.get(id)
    return member !== undefined && (member.home !== undefined || member.records.length > 0)
  }

  causeOf(id: MessageId): MessageId | undefined {
    return this.get(id)?.cause
  }

  /** A pass begins: what the last one found was perhaps not all. */
  restart(): void {
    for (const member of this.#members.values()) {
      member.records = []
      member.children = []
    }
  }

  /** A member by the fields of an entry. */
  at(position: number, index: number): Member | undefined {
    return this.#positions.has(position) ? this.get(idOf({ position, index })) : undefined
  }

  /** A message was sent by a member's turn; true when it is new here. */
  born(parent: Member, id: MessageId): boolean {
    if (!this.#grows) return false
    const known = this.get(id)
    if (known?.parent === parent.id) parent.children.push(id)
    if (known !== undefined) return false
    this.#add(id, parent.id)
    parent.children.push(id)
    return true
  }

  #add(id: MessageId, parent?: MessageId): void {
    this.#members.set(id, {
      id,
      parent,
      home: undefined,
      cause: undefined,
      records: [],
      children: [],
    })
    this.#positions.add(parseMessageId(id)?.a ?? 0)
  }
}

export interface Member {
  readonly id: MessageId
  /** By whose turn it came into the family; the first that is recorded. */
  readonly parent: MessageId | undefined
  /** Where the message itself is read. */
  home: number | undefined
  cause: MessageId | undefined
  /** Records that are about it. */
  records: number[]
  children: MessageId[]
}
