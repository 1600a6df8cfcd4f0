/** Keeps the last bytes of a stream. */
export class OutputTail {
  readonly #bytesMax: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #dropped = false;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // Joined seldom, so that a stream of small chunks costs no copy each.
    if (this.#bytes > this.#bytesMax * 4) this.#trim();
  }

  /** What is kept, as text; it begins with `…` where something was dropped before it. */
  text(): string {
    this.#trim();
    const text = Buffer.concat(this.#chunks).toString('utf8');
    // A cut may have left the end of a character.
    return this.#dropped ? `…${text.replace(/^\uFFFD+/, '')}` : text;
  }

  #trim(): void {
    if (this.#bytes <= this.#bytesMax) return;
    // A copy: the slice of a pooled chunk would keep all of it alive.
    const kept = Buffer.from(Buffer.concat(this.#chunks).subarray(-this.#bytesMax));
    this.#chunks = [kept];
    this.#bytes = kept.length;
    this.#dropped = true;
  }
}
