import { type ApacheZooKeeperOptions, startApacheZooKeeper } from './apache-zookeeper.ts';
import type { Engine } from './engine.ts';

/** One kind of coordination service that the same tests run against. */
export interface EngineKind {
  readonly name: string;
  /** Starts one that ends with the test file. */
  start(options?: Pick<ApacheZooKeeperOptions, 'tickMs'>): Promise<Engine>;
}

/** Every engine that the client, the recipes and the platform must work on alike. */
export const engineKinds: readonly EngineKind[] = [{ name: 'Apache ZooKeeper', start: startApacheZooKeeper }];
