/** A selection of records as a sequence diagram. */
import { isDamage } from '../decode.ts'
import type { Damage } from '../stored.ts'
import type { MessageView, RecordView } from './record-view.ts'
import { SequenceDiagram } from './sequence-diagram.ts'

/** Lines of a `sequenceDiagram`, without a fence. */
export function recordDiagram(records: Iterable<RecordView | Damage>): string {
  const diagram = new SequenceDiagram()
  for (const record of records) {
    if (isDamage(record)) drawDamage(diagram, record)
    else drawRecord(diagram, record as RecordView)
  }
  return `${diagram.text}\n`
}

function drawRecord(diagram: SequenceDiagram, view: RecordView): void {
  if (view.inline !== undefined) drawMessage(diagram, view.inline)
  drawWhat(diagram, view)
  for (const message of view.sends) drawMessage(diagram, message)
  if (view.kind === 'turn' && view.reply !== undefined) {
    diagram.message(view.actor, '-->>', view.from, 'reply')
  }
}

function drawDamage(diagram: SequenceDiagram, { positions, detail, actor = '' }: Damage): void {
  diagram.note(actor, `${positions.join(' to ')} ${detail}`)
}

function drawMessage(diagram: SequenceDiagram, { from, to, topic, name, ask }: MessageView): void {
  diagram.message(from, ask ? '->>' : '-)', topic === undefined ? to : `topic ${topic}`, name)
}

function drawWhat(
  diagram: SequenceDiagram,
  { position, actor, kind, turn, name, outcome, sends }: RecordView,
): void {
  if (actor === '' && sends.length > 0) return
  const what = turn === undefined ? `${kind} ${name}` : `turn ${turn} ${name}`
  diagram.note(actor, `${position} ${what}${outcome === 'ok' ? '' : `, ${outcome}`}`)
}
