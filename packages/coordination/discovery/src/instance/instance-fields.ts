import { z } from 'zod';

/** Heavier is nobody: a share must stay a number one can reckon with. */
const WEIGHT_MAX = 1_000_000;

/** What the fields of an instance may be. */
export const instanceFields = {
  address: z.string().min(1),
  port: z.int().min(0).max(65_535),
  weight: z.number().positive().max(WEIGHT_MAX),
  load: z.number().nonnegative(),
  labels: z.record(z.string(), z.string()),
  metadata: z.record(z.string(), z.unknown()),
} as const;
