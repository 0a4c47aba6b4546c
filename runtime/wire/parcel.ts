/**
 * What crosses a link at once: a frame, and the large values that its items refer to. Owns how the two
 * are handed to a port and found again.
 */
import type { LargeValue } from '../../persistence/large-values.ts'

type Frame = Uint8Array<ArrayBuffer>

/** As a port carries it; most have nothing beside the frame. */
export type Posted = Frame | readonly [frame: Frame, ...large: LargeValue[]]

const nothing: readonly LargeValue[] = Object.freeze([])

export class Parcel {
  readonly frame: Frame
  readonly large: readonly LargeValue[]
  /** What changes hands instead of being copied. */
  readonly transfer: readonly ArrayBuffer[]
  /** Most bytes that it takes: what counts against a link's credit (M5). */
  readonly bytes: number

  /** @param moved buffers of large values that change hands too */
  constructor(
    frame: Frame,
    large: readonly LargeValue[] = nothing,
    moved: readonly ArrayBuffer[] = [],
  ) {
    this.frame = frame
    this.large = large
    this.transfer = moved.length === 0 ? [frame.buffer] : [frame.buffer, ...moved]
    this.bytes = frame.byteLength + (large.length === 0 ? 0 : bytesOf(large))
  }

  static opened(posted: Posted): Parcel {
    if (posted instanceof Uint8Array) return new Parcel(posted)
    const [frame, ...large] = posted
    return new Parcel(frame, large)
  }

  get posted(): Posted {
    return this.large.length === 0 ? this.frame : [this.frame, ...this.large]
  }
}

/** A text may take two bytes for each character. */
function bytesOf(large: readonly LargeValue[]): number {
  let bytes = 0
  for (const value of large)
    bytes += typeof value === 'string' ? 2 * value.length : value.byteLength
  return bytes
}
