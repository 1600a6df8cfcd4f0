/** One who was given a right, as long as it believes to have it. */
export interface Holder {
  readonly name: string;
  readonly fence: number;
  /** Whether it would act on its right now. */
  believes(): boolean;
}

/**
 * All holders of one right, side by side in one process and on one clock: notices when more of them believe to have it
 * at once than may.
 */
export class Holders<H extends Holder = Holder> {
  readonly #allowed: (together: readonly H[]) => boolean;
  readonly #violations: string[] = [];
  #present: H[] = [];
  #entered = 0;

  /** @param allowed which holders may have the right at the same time */
  constructor(allowed: (together: readonly H[]) => boolean) {
    this.#allowed = allowed;
  }

  /** Somebody has been given the right. Call it in the turn in which that is learnt. */
  enter(holder: H): void {
    this.#entered += 1;
    this.#present = [...this.#present.filter((one) => one.believes()), holder];
    const together = this.#present.filter((one) => one.believes());
    if (this.#allowed(together)) return;
    const who = together.map(({ name, fence }) => `${name} (fence ${fence})`).join(', ');
    this.#violations.push(`at once believe to hold it: ${who}`);
  }

  /** How often somebody was given the right. */
  get entered(): number {
    return this.#entered;
  }

  /** What should never happen, and did. */
  get violations(): readonly string[] {
    return this.#violations;
  }
}
