import { startApacheZooKeeper } from './apache-zookeeper.ts';
import type { Engine } from './engine.ts';
import type { EngineOptions } from './engine-process.ts';
import { startReeveCoordinator } from './reeve-coordinator.ts';
import { startReeveEnsemble } from './reeve-ensemble.ts';

/** A coordination service of one server or of several. */
export interface Service {
  readonly members: readonly Engine[];
  /** The one member that all of them need most: the leader of several. */
  leader(): Promise<Engine>;
}

/** One kind of service that the recipes must work on. */
export interface ServiceKind {
  readonly name: string;
  /** Starts one that ends with the test file. */
  start(options?: Pick<EngineOptions, 'tickMs'>): Promise<Service>;
}

/** Every kind of service that the recipes must be correct on. */
export const serviceKinds = {
  apache: { name: 'Apache ZooKeeper', start: async (options) => serviceOf(await startApacheZooKeeper(options)) },
  reeve: { name: 'Reeve', start: async (options) => serviceOf(await startReeveCoordinator(options)) },
  reeveOfThree: { name: 'Reeve of three', start: startReeveEnsemble },
} as const satisfies Readonly<Record<string, ServiceKind>>;

function serviceOf(engine: Engine): Service {
  return { members: [engine], leader: async () => engine };
}
