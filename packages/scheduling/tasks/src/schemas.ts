import { z } from 'zod';

const count = z.int().min(0);
/** The highest priority; its negative is the lowest. */
export const PRIORITY_MAX = 1000;

/** What a queue may be called. */
export const queueName = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/, 'letters, digits, ".", "_" and "-", at most 128');
const strings = z.record(z.string(), z.string());

const work = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('handler'), handler: z.string().min(1), payload: z.unknown() }),
  z.object({
    kind: z.literal('command'),
    argv: z.array(z.string()),
    cwd: z.string().optional(),
    env: strings.optional(),
    shell: z.string().optional(),
  }),
]);

const spec = z.object({
  work,
  queue: queueName,
  priority: z.int().min(-PRIORITY_MAX).max(PRIORITY_MAX),
  notBefore: count,
  timeoutMs: count,
  retry: z.object({ attemptsMax: z.int().min(1), backoffMs: count, backoffMaxMs: count }),
  repeat: z.enum(['repeatable', 'once']),
  submittedAt: z.number(),
});

const error = z.object({
  code: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  exitCode: z.int().optional(),
  signal: z.string().optional(),
  stdout: z.string().optional(),
  stderr: z.string().optional(),
});

const status = z.object({
  outcome: z.enum(['succeeded', 'failed', 'cancelled', 'lost', 'expired']),
  result: z.unknown().optional(),
  error: error.optional(),
  attempts: count,
  workerId: z.string().optional(),
  startedAt: z.number().optional(),
  finishedAt: z.number(),
});

const retry = z.object({ attempts: count, workersLost: count, notBefore: count, lastError: error.optional() });

const assignment = z.object({
  attempt: z.int().min(1),
  workersLost: count,
  repeat: z.enum(['repeatable', 'once']),
  cancel: z.literal('requested').optional(),
});

const worker = z.object({
  host: z.string(),
  pid: z.int(),
  slots: z.int().min(1),
  queues: z.array(queueName),
  handlers: z.array(z.string()),
  runs: z.array(z.enum(['handlers', 'commands'])),
  phase: z.enum(['accepting', 'draining']),
  labels: strings,
  fleet: z.string(),
  startedAt: z.number(),
});

const primary = z.object({ masterId: z.string(), host: z.string(), pid: z.int(), since: z.number() });

/** What each record must look like; unknown fields are dropped. */
export const schemas = { spec, assignment, status, retry, worker, primary };
/** The kinds of record that live in znodes. */
export type RecordName = keyof typeof schemas;
