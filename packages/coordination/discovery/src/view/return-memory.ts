import { endpointOf, type ServiceInstance } from '../instance/service-instance.ts';

/** How many that are gone are remembered. */
const GONE_MAX = 1_024;

/** Remembers who is gone, so that a return can be told from a first appearance: by name, or by the same address. */
export class ReturnMemory {
  /** Names and addresses, the longest gone first. */
  readonly #gone = new Set<string>();

  gone(instance: ServiceInstance): void {
    for (const mark of marksOf(instance)) {
      this.#gone.delete(mark);
      this.#gone.add(mark);
    }
    for (const oldest of this.#gone) {
      if (this.#gone.size <= GONE_MAX * 2) return;
      this.#gone.delete(oldest);
    }
  }

  /** Whether one that comes now was there before; then it is no longer gone. */
  returned(instance: ServiceInstance): boolean {
    const known = marksOf(instance).filter((mark) => this.#gone.delete(mark));
    return known.length > 0;
  }
}

function marksOf(instance: ServiceInstance): readonly string[] {
  return [`id ${instance.id}`, `at ${endpointOf(instance)}`];
}
