// Entry point of the kernels (AssemblyScript): every export becomes a function of the module.
export * from './field.as'
export * from './bits.as'
export * from './transpose.as'
export * from './permute.as'
export * from './lanes.as'
export * from './ring.as'
export * from './gates.as'
