// A thread of kernel-threads.ts: runs a kernel, or makes keystream, when its word of the shared state says so.
// JavaScript, not TypeScript: a thread is started from the file, without a loader and outside the bundle.
import { createCipheriv } from 'node:crypto'
import { parentPort, workerData } from 'node:worker_threads'

const { module, memory, state, slots, place, words, names, keystream } = workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
const kernels = names.map((name) => exports[name])
const [IDLE, BUSY, FAILED] = [0, 1, 2]

const first = place * words
const header = new Uint32Array(slots, first * 8, 2)
const numbers = new Float64Array(slots, first * 8, words)
const integers = new BigUint64Array(slots, first * 8, words)
const bytes = new Uint8Array(slots, first * 8, words * 8)
const ZEROS = new Uint8Array(64 * 1024)

/** Word 0: the kernel and, a bit each, which arguments are u64. Then the arguments, on to the result. */
function runKernel(kernel, wide) {
  const args = []
  for (let k = 0; k < kernel.length; k++)
    args.push((wide >> k) & 1 ? integers[1 + k] : numbers[1 + k])
  const result = kernel(...args)
  if (typeof result === 'bigint') integers[1] = result
  else numbers[1] = result ?? 0
}

/** Words 1 and 2: where to, and how many bytes. Then key and IV. */
function makeKeystream() {
  const [ptr, length] = [numbers[1], numbers[2]]
  const cipher = createCipheriv('aes-128-ctr', bytes.slice(24, 40), bytes.slice(40, 56))
  bytes.fill(0, 24, 40)
  const out = new Uint8Array(memory.buffer, ptr, length)
  for (let at = 0; at < length; at += ZEROS.length) {
    out.set(cipher.update(ZEROS.subarray(0, Math.min(ZEROS.length, length - at))), at)
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port has none
parentPort.postMessage('ready')
for (;;) {
  Atomics.wait(state, place, IDLE)
  if (Atomics.load(state, place) !== BUSY) continue
  let now = IDLE
  try {
    if (header[0] === keystream) makeKeystream()
    else runKernel(kernels[header[0]], header[1])
  } catch {
    now = FAILED
  }
  Atomics.store(state, place, now)
  Atomics.notify(state, place)
}
