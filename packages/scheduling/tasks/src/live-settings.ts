import { z } from 'zod';
import { queueName } from './schemas.ts';

/** The most attempts at a time that one worker, or one queue, is allowed by a setting. */
const AT_ONCE_MAX = 1_000_000;
const SLOTS_MAX = 10_000;

const queue = z.strictObject({
  /** The most tasks of the queue that are assigned at the same time; 0 holds the queue. */
  limit: z.int().min(0).max(AT_ONCE_MAX).optional(),
});

const worker = z.strictObject({
  slots: z.int().min(1).max(SLOTS_MAX).optional(),
  queues: z.array(queueName).min(1).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).optional(),
});

/** What `queues` holds in the configuration, by the name of the queue. */
export const queueSettings = z.record(queueName, queue);
/** What `workers` holds in the configuration, by the name of a worker or of a fleet. */
export const workerSettings = z.record(z.string(), worker);

/** How queues are limited. */
export type QueueSettings = z.infer<typeof queueSettings>;
/** What workers are told while they run. */
export type WorkerLiveSettings = z.infer<typeof worker>;

/** A JSON Schema, as data. */
export type SettingsSchema = Readonly<Record<string, z.core.util.JSONType>>;

/** What the configuration may hold for the platform itself, as JSON Schemas by tree of keys. */
export const platformSchemas: Readonly<Record<string, SettingsSchema>> = {
  queues: schemaOf(queueSettings),
  workers: schemaOf(workerSettings),
};

/**
 * What one worker is told: by the name of its fleet, and before that by its own.
 *
 * @param settings what `workers` holds
 */
export function settingsOfWorker(
  settings: z.infer<typeof workerSettings>,
  { name, fleet }: { readonly name: string; readonly fleet: string },
): WorkerLiveSettings {
  return { ...settings[fleet], ...settings[name] };
}

/** Where the configuration of the platform is, beside its other folders. */
export function configPathOf(root: string): string {
  return `${root}/config`;
}

function schemaOf(schema: z.ZodType): SettingsSchema {
  return JSON.parse(JSON.stringify(z.toJSONSchema(schema))) as SettingsSchema;
}
