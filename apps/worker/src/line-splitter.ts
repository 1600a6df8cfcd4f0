/** Cuts a stream of text into lines. A line longer than `charactersMax` is given in pieces. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  readonly #charactersMax: number;
  #rest = '';

  constructor(onLine: (line: string) => void, charactersMax = Number.POSITIVE_INFINITY) {
    this.#onLine = onLine;
    this.#charactersMax = charactersMax;
  }

  push(text: string): void {
    const all = this.#rest === '' ? text : this.#rest + text;
    let from = 0;
    for (let to = all.indexOf('\n'); to !== -1; to = all.indexOf('\n', from)) {
      this.#onLine(all.slice(from, to));
      from = to + 1;
    }
    this.#rest = all.slice(from);
    while (this.#rest.length > this.#charactersMax) this.#breakLine();
  }

  /** Gives what came after the last line break. */
  flush(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }

  #breakLine(): void {
    this.#onLine(this.#rest.slice(0, this.#charactersMax));
    this.#rest = this.#rest.slice(this.#charactersMax);
  }
}
