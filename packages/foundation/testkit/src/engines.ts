import { startApacheZooKeeper } from './apache-zookeeper.ts';
import type { Engine } from './engine.ts';
import type { EngineOptions } from './engine-process.ts';
import { startReeveCoordinator } from './reeve-coordinator.ts';

/** One kind of coordination service that the same tests run against. */
export interface EngineKind {
  readonly name: string;
  /** Starts one that ends with the test file. */
  start(options?: EngineOptions): Promise<Engine>;
}

/** Every engine that the client, the recipes and the platform must work on alike. */
export const engineKinds: readonly EngineKind[] = [
  { name: 'Apache ZooKeeper', start: startApacheZooKeeper },
  { name: 'Reeve', start: startReeveCoordinator },
];
