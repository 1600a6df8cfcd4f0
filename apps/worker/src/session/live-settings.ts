import { codeOf, type Logger, messageOf } from '@reeve/base';
import type { Coordination } from '@reeve/client';
import { ConfigFollower } from '@reeve/configuration';
import { configPathOf, settingsOfWorker, type WorkerLiveSettings, workerSettings } from '@reeve/tasks';
import type { WorkerSettings } from '../worker-options.ts';

/** What the settings of one session are followed with. */
export interface LiveParts {
  readonly coordination: Coordination;
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  readonly onChange: () => void;
}

/**
 * What a worker is told while it runs: `workers/<name or fleet>/slots` and the like of the configuration, by its own
 * name before that of its fleet. What is not there is as it was started.
 */
export class LiveSettings {
  readonly #parts: LiveParts;
  readonly #follower: ConfigFollower;
  #told: WorkerLiveSettings = {};

  constructor(parts: LiveParts) {
    const { name, fleet, labels, root } = parts.settings;
    this.#parts = parts;
    this.#follower = new ConfigFollower(parts.coordination, {
      path: configPathOf(root),
      follow: ['workers'],
      id: name,
      labels: { ...labels, fleet },
    });
  }

  get slots(): number {
    return this.#told.slots ?? this.#parts.settings.slots;
  }

  get queues(): readonly string[] {
    return this.#told.queues ?? this.#parts.settings.queues;
  }

  /** Resolves when they are known. Those that cannot be followed are told of, and the worker goes on as it was started. */
  async start(): Promise<void> {
    const setting = this.#follower.follow('workers', workerSettings, {});
    setting.events.subscribe((event) => {
      if (event.kind === 'refused') this.#warn(event.problem);
      else this.#take(settingsOfWorker(event.after, this.#parts.settings));
    });
    this.#follower.events.subscribe((event) => {
      // Over with its session: whoever begins the next one follows anew.
      if (event.kind === 'lost' && codeOf(event.cause) !== 'session_over') this.#warn(messageOf(event.cause));
    });
    // What it cannot be followed for has just been told.
    await this.#follower.start().catch(() => undefined);
    // An earlier session may have been told another one.
    this.#parts.settings.setLogLevel(this.#told.logLevel);
  }

  /** Follows no more; the log is as it was started. Takes two seconds at most. */
  async stop(): Promise<void> {
    await this.#follower.stop();
  }

  #take(told: WorkerLiveSettings): void {
    const isSame = JSON.stringify(told) === JSON.stringify(this.#told);
    const { logLevel: before } = this.#told;
    this.#told = told;
    if (isSame) return;
    this.#parts.logger.info({ ...told }, 'settings of the configuration');
    if (told.logLevel !== before) this.#parts.settings.setLogLevel(told.logLevel);
    this.#parts.onChange();
  }

  #warn(reason: string): void {
    this.#parts.logger.warn({ reason }, 'settings of the configuration cannot be used: those before stay');
  }
}
