/** Has something done soon, but not more often than once in `everyMs`. */
export class Pace {
  readonly #everyMs: number;
  readonly #act: () => void;
  #timer: NodeJS.Timeout | undefined;
  #readyAt = 0;

  constructor(everyMs: number, act: () => void) {
    this.#everyMs = everyMs;
    this.#act = act;
  }

  /** Now, or when the time has come; many asks are one. */
  ask(): void {
    if (this.#timer !== undefined) return;
    const act = () => {
      this.#timer = undefined;
      this.#readyAt = performance.now() + this.#everyMs;
      this.#act();
    };
    this.#timer = setTimeout(act, Math.max(0, this.#readyAt - performance.now()));
  }

  /** Forgets what was asked. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
