const SLOTS = 4096;
const SLOTS_MASK = SLOTS - 1;
/** Shorter strings are cheap to make, and longer ones are rarely the same. */
const BYTES_MIN = 8;
const BYTES_MAX = 128;
/** What strings that come often differ in is mostly near their end. */
const HASHED_BYTES_MAX = 16;
/** Odd, and more than there are digits: strings that are numbered share no slots. */
const FACTOR = 11;

const { imul } = Math;

/**
 * Texts that came more than once lately, paths above all: to compare octets with one costs a third of what the engine
 * takes to make it anew. What comes once leaves nothing but its hash.
 */
export class RecentStrings {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => '');
  /** The hash that each slot saw last. */
  readonly #hashes = new Int32Array(SLOTS);

  /** The text of `bytes[start, end)`, UTF-8. */
  text(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length < BYTES_MIN || length > BYTES_MAX) return bytes.utf8Slice(start, end);
    const hash = hashOf(bytes, start, end);
    const slot = hash & SLOTS_MASK;
    if (this.#hashes[slot] === hash) return this.#again(slot, bytes, start, end);
    this.#hashes[slot] = hash;
    return bytes.utf8Slice(start, end);
  }

  #again(slot: number, bytes: Buffer, start: number, end: number): string {
    const known = this.#texts[slot] as string;
    if (isText(known, bytes, start, end)) return known;
    const text = bytes.utf8Slice(start, end);
    // One with characters of several octets is never found again: it is not compared octet by octet.
    if (text.length === end - start) this.#texts[slot] = text;
    return text;
  }
}

function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - HASHED_BYTES_MAX); at < end; at += 1) {
    hash = (imul(hash, FACTOR) + (bytes[at] as number)) | 0;
  }
  return hash;
}

function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let at = end - 1; at >= start; at -= 1) if (text.charCodeAt(at - start) !== bytes[at]) return false;
  return true;
}
