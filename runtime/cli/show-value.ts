/** States and the differences between them as lines for people. */
import type { Difference } from '../../persistence/replay/differences.ts'
import { toJson } from '../../persistence/replay/recorded-value.ts'
import { type Output, plain, shortened } from './output.ts'

/** A value over several lines, indented; a long text in it is cut. */
export function prettyLines(value: unknown, width: number): string[] {
  const json = JSON.stringify(toJson(value), null, 2) ?? 'undefined'
  return json.split('\n').map((line) => shortened(plain(line), width, Buffer.byteLength(line)))
}

/** `- path  old` and `+ path  new`. */
export function differenceLine(
  { path, before, after }: Difference,
  out: Output,
  width: number,
): string[] {
  const where = path === '' ? '(the state)' : plain(path)
  const side = (sign: string, colour: 'red' | 'green', one: Difference['before']): string[] =>
    one === undefined ? [] : [out.paint(colour, `${sign} ${where}  ${oneLine(one.value, width)}`)]
  return [...side('-', 'red', before), ...side('+', 'green', after)]
}

export function differenceToJson({ path, before, after }: Difference): object {
  return {
    path,
    ...(before && { before: toJson(before.value) }),
    ...(after && { after: toJson(after.value) }),
  }
}

function oneLine(value: unknown, width: number): string {
  const json = JSON.stringify(toJson(value)) ?? 'undefined'
  return shortened(plain(json), width, Buffer.byteLength(json))
}
