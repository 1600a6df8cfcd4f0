/** Of clients whose session ends in a test: short, because that is waited for. Milliseconds. */
export const SESSION_MS = 2_000;

/** Of whoever is not to lose it, though the machine be held up: the longest that servers with ticks of 500 ms grant. */
export const LASTING_MS = 10_000;
