/** Milliseconds since the epoch. A core function receives `now`; only shells hold a clock. */
export interface Clock {
  now(): number;
}

/** A uniform random number in [0, 1). */
export type Random = () => number;

/** The part of a pino logger that our packages use; facts first, then one short sentence. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** A logger that says nothing: the default of an embedded library. */
export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
