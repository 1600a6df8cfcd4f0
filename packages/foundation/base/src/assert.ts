/** Says that the program itself is wrong: never caught to carry on, only to report. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Crashes with `message` unless `condition` holds. For bugs, never for bad input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${message}`);
}

/** Closes a switch: a new variant of the union breaks the build here. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value: ${JSON.stringify(value)}`);
}
