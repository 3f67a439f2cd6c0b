/**
 * Frames in a stream of bytes: a u32 big-endian length, then that many bytes. A frame stays in the
 * pieces in which it came, so that whoever wants it elsewhere copies once; a short one that has to
 * wait is copied, lest it keep the large buffer alive of which it is a corner.
 */

export const LENGTH_BYTES = 4

/** Shorter frames are copied when they have to wait, and made in memory that many share. */
const SHORT_BYTES = 4096

export interface Frame {
  /** Bytes. */
  readonly length: number
  /** In order; none of them empty. Only to be read: they may be views of buffers that others read, too. */
  readonly pieces: readonly Uint8Array[]
}

/** Room for a frame, which is to be filled from LENGTH_BYTES on. Not zeroed. */
export function newFrame(length: number): Uint8Array {
  const bytes = LENGTH_BYTES + length
  // Neither is ever used again: libp2p keeps a reference until it is flushed.
  const frame = bytes < SHORT_BYTES ? Buffer.allocUnsafe(bytes) : Buffer.allocUnsafeSlow(bytes)
  frame.writeUInt32BE(length)
  return frame
}

/** The frame, in memory that it shares with nobody if it is short. */
export function keepable(frame: Frame): Frame {
  const { length } = frame
  return length > 0 && length < SHORT_BYTES ? { length, pieces: [wholeOf(frame)] } : frame
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
    for (let at = 0; at < data.length && this.#oversize === undefined;) {
      at = this.midFrame ? this.#goOn(data, at, deliver) : this.#begin(data, at, deliver)
    }
  }

  /** Reads a frame from its first byte. @returns where it stopped */
  #begin(data: Uint8Array, at: number, deliver: (frame: Frame) => void): number {
    const from = at + LENGTH_BYTES
    if (from > data.length) return this.#goOn(data, at, deliver)
    const length = lengthAt(data, at)
    const end = from + length
    if (length > this.#maxBytes) {
      this.#oversize = length
    } else if (end <= data.length) {
      deliver({ length, pieces: length === 0 ? [] : [data.subarray(from, end)] })
      return end
    } else {
      this.#coming = new Coming(length)
    }
    return from
  }

  /** Reads on in the middle of a frame, or of its length. @returns where it stopped */
  #goOn(data: Uint8Array, start: number, deliver: (frame: Frame) => void): number {
    let at = start
    if (this.#coming === undefined) {
      while (at < data.length && this.#headerGot < LENGTH_BYTES) {
        this.#header[this.#headerGot++] = data[at++]!
      }
      if (this.#headerGot < LENGTH_BYTES) return at
      this.#headerGot = 0
      const length = lengthAt(this.#header, 0)
      if (length > this.#maxBytes) {
        this.#oversize = length
        return at
      }
      this.#coming = new Coming(length)
    }
    const frame = this.#coming
    const bytes = Math.min(data.length - at, frame.missing)
    if (bytes > 0) frame.add(data.subarray(at, at + bytes))
    if (frame.missing === 0) {
      this.#coming = undefined
      deliver(frame)
    }
    return at + bytes
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  const low = (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
  return bytes[at]! * 2 ** 24 + low
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
