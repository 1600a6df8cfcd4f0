import type { Span } from '@reeve/wire';
import type { QuotaExcess, QuotaUsage } from './quota-limits.ts';
import type { Quotas } from './quotas.ts';

/** Keeps writes within the quotas of a tree, and tells of those that go beyond one. */
export class QuotaGuard {
  readonly #quotas: Quotas;
  readonly #tell: (excess: QuotaExcess) => void;

  constructor(quotas: Quotas, tell: (excess: QuotaExcess) => void) {
    this.#quotas = quotas;
    this.#tell = tell;
  }

  /** Whether a hard limit forbids a znode with this data. */
  forbidsCreate(path: string, data: Buffer | Span | null): boolean {
    return this.#quotas.size > 0 && this.#forbids(path, { znodes: 1, bytes: data?.length ?? 0 });
  }

  /** Whether a hard limit forbids that a znode gets this data. */
  forbidsData(path: string, data: Buffer | Span | null): boolean {
    if (this.#quotas.size === 0) return false;
    return this.#forbids(path, { znodes: 0, bytes: (data?.length ?? 0) - this.#quotas.bytesAt(path) });
  }

  #forbids(path: string, growth: QuotaUsage): boolean {
    const excess = this.#quotas.excess(path, growth);
    if (excess === undefined) return false;
    this.#tell(excess);
    return excess.limit === 'hard';
  }
}
