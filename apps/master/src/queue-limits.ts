import { codeOf, type Logger, messageOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { ConfigFollower } from '@reeve/configuration';
import { configPathOf, type QueueLimits, queueSettings } from '@reeve/tasks';

/** What the limits of a session are followed with. */
export interface LimitParts {
  readonly coordination: Coordination;
  /** The root of the platform's znodes. */
  readonly root: string;
  /** Who follows, for roll-outs. */
  readonly name: string;
  readonly logger: Logger;
  readonly onChange: (limits: QueueLimits) => void;
}

/** Follows how many tasks of each queue may be assigned at the same time: `queues/<queue>/limit` of the configuration. */
export class QueueLimitsFollower {
  readonly #parts: LimitParts;
  readonly #follower: ConfigFollower;
  #limits: QueueLimits = new Map();

  constructor(parts: LimitParts) {
    const { coordination, root, name } = parts;
    this.#parts = parts;
    this.#follower = new ConfigFollower(coordination, { path: configPathOf(root), follow: ['queues'], id: name });
  }

  /** What holds now; the last that was good. */
  get limits(): QueueLimits {
    return this.#limits;
  }

  /** Resolves when the limits are known. One that cannot be followed is told, and limits nothing. */
  async start(): Promise<void> {
    const settings = this.#follower.follow('queues', queueSettings, {});
    settings.events.subscribe((event) => {
      if (event.kind === 'refused') this.#warn(event.problem);
      else this.#take(event.after);
    });
    this.#follower.events.subscribe((event) => {
      // Over with its session: whoever begins the next one follows anew.
      if (event.kind === 'lost' && codeOf(event.cause) !== 'session_over') this.#warn(messageOf(event.cause));
    });
    // What it cannot be followed for has just been told.
    await this.#follower.start().catch(() => undefined);
  }

  /** Takes two seconds at most. */
  stop(): Promise<void> {
    return this.#follower.stop();
  }

  #take(settings: Readonly<Record<string, { readonly limit?: number | undefined }>>): void {
    const limits = new Map<string, number>();
    for (const [queue, { limit }] of Object.entries(settings)) if (limit !== undefined) limits.set(queue, limit);
    this.#limits = limits;
    this.#parts.logger.info({ limits: Object.fromEntries(limits) }, 'limits of queues');
    this.#parts.onChange(limits);
  }

  #warn(reason: string): void {
    this.#parts.logger.warn({ reason }, 'limits of queues cannot be used: those before stay');
  }
}
