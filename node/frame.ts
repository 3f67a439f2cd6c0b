/**
 * Frames in a stream of bytes: a u32 big-endian length, then that many bytes. A long frame stays in the
 * pieces in which it came, so that whoever wants it elsewhere copies once; a short one is copied, lest it
 * keep the large buffer alive of which it is a corner.
 */

export const LENGTH_BYTES = 4

/** Shorter frames are copied when they come. */
const SHORT_BYTES = 4096

export interface Frame {
  /** Bytes. */
  readonly length: number
  /** In order; none of them empty. Only to be read: they may be views of buffers that others read, too. */
  readonly pieces: readonly Uint8Array[]
}

/** The frame in one array, which belongs to the caller. */
export function wholeOf(frame: Frame): Uint8Array {
  const whole = new Uint8Array(frame.length)
  let at = 0
  for (const piece of frame.pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

/** The first `bytes` bytes of a frame, or all of a shorter one. Only to be read. */
export function startOf(frame: Frame, bytes: number): Uint8Array {
  const [first] = frame.pieces
  if (first !== undefined && first.length >= bytes) return first.subarray(0, bytes)
  const start = new Uint8Array(Math.min(bytes, frame.length))
  let at = 0
  for (const piece of frame.pieces) {
    if (at === start.length) break
    start.set(piece.subarray(0, start.length - at), at)
    at += Math.min(piece.length, start.length - at)
  }
  return start
}

/** Finds the frames. */
export class FrameReader {
  readonly #maxBytes: number
  readonly #header = new Uint8Array(LENGTH_BYTES)
  #headerGot = 0
  #coming: Coming | undefined
  #oversize: number | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The length of a frame that is too long: nothing is read after it was announced. */
  get oversize(): number | undefined {
    return this.#oversize
  }

  /** Whether the bytes so far end in the middle of a frame. */
  get midFrame(): boolean {
    return this.#coming !== undefined || this.#headerGot > 0
  }

  /** Reads on. @param data is kept: nobody may write to it any more */
  push(data: Uint8Array, deliver: (frame: Frame) => void): void {
    let at = 0
    while (at < data.length && this.#oversize === undefined) {
      if (this.#coming === undefined) {
        while (at < data.length && this.#headerGot < LENGTH_BYTES) {
          this.#header[this.#headerGot++] = data[at++]!
        }
        if (this.#headerGot < LENGTH_BYTES) return
        this.#headerGot = 0
        const length = new DataView(this.#header.buffer).getUint32(0)
        if (length > this.#maxBytes) this.#oversize = length
        else this.#coming = new Coming(length)
      } else {
        const bytes = Math.min(data.length - at, this.#coming.missing)
        this.#coming.add(data.subarray(at, at + bytes))
        at += bytes
      }
      if (this.#coming?.missing === 0) {
        const frame = this.#coming
        this.#coming = undefined
        deliver(frame)
      }
    }
  }
}

/** A frame that is coming in. */
class Coming implements Frame {
  readonly length: number
  missing: number
  #pieces: Uint8Array[] = []
  #copy: Uint8Array | undefined

  constructor(length: number) {
    this.length = length
    this.missing = length
    if (length > 0 && length < SHORT_BYTES) this.#copyAll()
  }

  get pieces(): readonly Uint8Array[] {
    return this.#pieces
  }

  add(piece: Uint8Array): void {
    if (this.#copy === undefined) this.#pieces.push(piece)
    else this.#copy.set(piece, this.length - this.missing)
    this.missing -= piece.length
    // A peer that sends crumbs would fill the memory with the objects that hold them.
    if (this.#pieces.length > 16 + this.length / SHORT_BYTES) this.#copyAll()
  }

  #copyAll(): void {
    this.#copy = wholeOf(this)
    this.#pieces = [this.#copy]
  }
}
