/** What a write came from: who, and the fence that it was given with the right to write. */
export interface FencedWrite {
  readonly writer: string;
  readonly fence: number;
}

/** What a guarded store answers: `late` where somebody has written with a higher fence. */
export type WriteAnswer = 'written' | 'late';

/**
 * Something outside the coordination service that a lock guards, as it should be built: it takes a write only with a
 * fence that is not below the highest it has seen. It notices when two writers were given one fence.
 */
export class CheckedStore {
  readonly #writers = new Map<number, string>();
  readonly #violations: string[] = [];
  #highest = Number.NEGATIVE_INFINITY;
  #written = 0;
  #late = 0;

  write({ writer, fence }: FencedWrite): WriteAnswer {
    const known = this.#writers.get(fence);
    if (known !== undefined && known !== writer) {
      this.#violations.push(`the fence ${fence} was given to ${known} and to ${writer}`);
    }
    if (!Number.isFinite(fence)) this.#violations.push(`${writer} writes with ${fence} for a fence`);
    if (fence < this.#highest) {
      this.#late += 1;
      return 'late';
    }
    this.#writers.set(fence, writer);
    this.#highest = fence;
    this.#written += 1;
    return 'written';
  }

  /** How many writes were taken: it changes with each of them. */
  get written(): number {
    return this.#written;
  }

  /** How many writes came too late. */
  get late(): number {
    return this.#late;
  }

  /** What should never happen, and did. */
  get violations(): readonly string[] {
    return this.#violations;
  }
}
