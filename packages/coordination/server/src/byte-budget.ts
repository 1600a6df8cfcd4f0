/**
 * Bytes that many connections hold together, and who must let go of theirs when it gets too much: whoever has held some
 * for longest without a break. Those who go on taking and giving are never that one for long.
 */
export class ByteBudget<Holder> {
  readonly #bytesMax: number;
  /** In the order in which they began to hold something. */
  readonly #held = new Map<Holder, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What is held by all of them, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Notes how much one holds now, and says who must let go: nobody, most of the time. */
  hold(holder: Holder, bytes: number): Holder | undefined {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, bytes);
    if (this.#bytes <= this.#bytesMax) return undefined;
    return this.#held.keys().next().value;
  }

  /** Notes that one holds nothing any more. */
  release(holder: Holder): void {
    this.#bytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
  }
}
