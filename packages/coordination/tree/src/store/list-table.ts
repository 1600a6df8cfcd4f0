import type { AccessList } from '../access-list.ts';

/** The access lists that znodes have, by number: a list is kept as long as a znode has it. */
export class ListTable {
  readonly #lists: (AccessList | undefined)[] = [];
  readonly #users: number[] = [];
  readonly #numbers = new Map<AccessList, number>();
  readonly #free: number[] = [];
  /** The list that was taken last: most znodes have the same. */
  #last: AccessList | undefined;
  #lastNumber = 0;

  get(number: number): AccessList {
    return this.#lists[number] as AccessList;
  }

  /** Notes one more user of a list, and says its number. */
  take(list: AccessList): number {
    const known = list === this.#last ? this.#lastNumber : this.#numbers.get(list);
    if (known !== undefined) {
      this.#users[known] = (this.#users[known] as number) + 1;
      this.#last = list;
      this.#lastNumber = known;
      return known;
    }
    const number = this.#free.pop() ?? this.#lists.length;
    this.#lists[number] = list;
    this.#users[number] = 1;
    this.#numbers.set(list, number);
    return number;
  }

  /** Notes one user less. */
  release(number: number): void {
    const left = (this.#users[number] as number) - 1;
    this.#users[number] = left;
    if (left > 0) return;
    this.#last = undefined;
    this.#numbers.delete(this.get(number));
    this.#lists[number] = undefined;
    this.#free.push(number);
  }
}
