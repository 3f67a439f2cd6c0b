/** The same function, which remembers by name. @param make a pure function of what has that name */
export function remember<A, B>(
  name: (argument: A) => string,
  make: (argument: A) => B,
): (of: A) => B {
  const made = new Map<string, B>()
  return (argument) => {
    const key = name(argument)
    let value = made.get(key)
    if (value === undefined) made.set(key, (value = make(argument)))
    return value
  }
}
