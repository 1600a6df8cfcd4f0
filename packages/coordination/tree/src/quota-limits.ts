import type { Octets } from '@reeve/wire';

/** The limits of one quota; -1 is none. A hard limit stands in for the soft one of its kind. */
export interface QuotaLimits {
  readonly znodes: number;
  readonly znodesHard: number;
  readonly bytes: number;
  readonly bytesHard: number;
}

/** What is in use under the path of a quota, itself included. */
export interface QuotaUsage {
  znodes: number;
  bytes: number;
}

/** A write that would go beyond a limit. */
export interface QuotaExcess {
  /** The path that the quota is set on. */
  readonly root: string;
  readonly of: 'znodes' | 'bytes';
  /** Beyond a hard limit a write is refused, beyond a soft one it is told of. */
  readonly limit: 'hard' | 'soft';
  readonly allowed: number;
  /** What the write would make of it. */
  readonly wanted: number;
}

/** What no text says. */
const NONE = -1;

/**
 * Reads `zookeeper_limits`, as `count=3,bytes=1000=;byteHardLimit=-1;countHardLimit=-1` (ZooKeeper's StatsTrack): pairs
 * between commas or semicolons. What is not said, or is no number, is no limit.
 */
export function parseLimits(text: Octets | null): QuotaLimits {
  const said = new Map((text ?? '').split(/[,;]+/).map(pair));
  return {
    znodes: said.get('count') ?? NONE,
    znodesHard: said.get('countHardLimit') ?? NONE,
    bytes: said.get('bytes') ?? NONE,
    bytesHard: said.get('byteHardLimit') ?? NONE,
  };
}

/** The text of `zookeeper_stats`. */
export function statsText(usage: QuotaUsage): string {
  return `count=${usage.znodes},bytes=${usage.bytes}`;
}

/**
 * The limit that a write would go beyond, a hard one first. As in ZooKeeper, only what the write changes is looked at: one
 * that adds no znode does not suffer from there being too many.
 */
export function excessOf(
  quota: { readonly root: string; readonly limits: QuotaLimits; readonly usage: QuotaUsage },
  growth: QuotaUsage,
): QuotaExcess | undefined {
  const { root, limits, usage } = quota;
  const znodes = { root, of: 'znodes', wanted: usage.znodes + growth.znodes } as const;
  const bytes = { root, of: 'bytes', wanted: usage.bytes + growth.bytes } as const;
  const ofZnodes = growth.znodes === 0 ? undefined : beyond(znodes, limits.znodes, limits.znodesHard);
  if (ofZnodes?.limit === 'hard' || growth.bytes === 0) return ofZnodes;
  const ofBytes = beyond(bytes, limits.bytes, limits.bytesHard);
  return ofBytes?.limit === 'hard' ? ofBytes : (ofZnodes ?? ofBytes);
}

function beyond(
  wish: Pick<QuotaExcess, 'root' | 'of' | 'wanted'>,
  soft: number,
  hard: number,
): QuotaExcess | undefined {
  const limit = hard > NONE ? 'hard' : 'soft';
  const allowed = limit === 'hard' ? hard : soft;
  return allowed > NONE && wish.wanted > allowed ? { ...wish, limit, allowed } : undefined;
}

function pair(text: string): [string, number] {
  const [name = '', value = ''] = text.split('=');
  return [name, /^-?\d+$/.test(value) ? Number(value) : NONE];
}
