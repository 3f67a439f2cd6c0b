/**
 * Times every kernel call. The kernels' module keeps its exports to itself, so this has to be imported
 * before it: it stands in the way when the module is instantiated.
 */
export interface KernelTime {
  readonly name: string
  calls: number
  seconds: number
}

type KernelCall = (...operands: unknown[]) => unknown
type Kernels = Readonly<Record<string, KernelCall>>

interface Engine {
  Instance: new (module: object, imports: object) => { readonly exports: Kernels }
}

const times = new Map<string, KernelTime>()

/** What was spent in each kernel since the last call. */
export function takeKernelTimes(): KernelTime[] {
  const taken = [...times.values()]
  times.clear()
  return taken
}

function timed(name: string, run: KernelCall): KernelCall {
  return (...operands) => {
    const start = performance.now()
    const result = run(...operands)
    const seconds = (performance.now() - start) / 1000
    const time = times.get(name)
    if (time === undefined) times.set(name, { name, calls: 1, seconds })
    else {
      time.calls++
      time.seconds += seconds
    }
    return result
  }
}

const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly
const Original = engine.Instance

engine.Instance = function instance(module: object, imports: object) {
  const original = new Original(module, imports)
  const { exports } = original
  if (!('fpMul' in exports)) return original
  return {
    exports: Object.fromEntries(
      Object.entries(exports).map(([name, run]) => [name, timed(name, run)]),
    ),
  }
} as unknown as Engine['Instance']
