import { expect, test } from '@jest/globals';
import { ClientError, type Coordination, type SessionChange, type SessionState } from '@reeve/client';
import { GroupMember, LeaderElection, TreeMirror } from '../src/index.ts';

const data = Buffer.alloc(0);
const lost = new ClientError({ code: 'connection_loss', outcome: 'unknown' }, 'lost');

/** A service that takes everything, until it says nothing more. */
class Service {
  state: SessionState = 'connected';
  deletes = 0;
  created = '';
  onDelete = (): Promise<void> => Promise.resolve();
  onDisarm = (): Promise<void> => Promise.resolve();
  readonly #listeners = new Set<(change: SessionChange) => void>();

  move(to: SessionState): void {
    const from = this.state;
    this.state = to;
    for (const listener of [...this.#listeners]) listener({ from, to });
  }

  /** The part of a client that recipes need here. */
  get client(): Coordination {
    const service = this;
    const part = {
      sessionId: 'own',
      sessionTimeoutMs: 1_000,
      sessionDeadline: Date.now() + 60_000,
      get state() {
        return service.state;
      },
      create: async (path: string) => {
        service.created = `${path}0000000000`;
        return service.created;
      },
      exists: async () => undefined,
      sync: async () => undefined,
      getChildren: async () => [service.created.slice(service.created.lastIndexOf('/') + 1)],
      unwatch: async () => undefined,
      getData: async () => ({ data, stat: { czxid: 1 } }),
      watch: async () => ({ close: () => service.onDisarm() }),
      delete: () => {
        service.deletes += 1;
        return service.onDelete();
      },
      onSession: (listener: (change: SessionChange) => void) => {
        service.#listeners.add(listener);
        return () => service.#listeners.delete(listener);
      },
    };
    return part as unknown as Coordination;
  }
}

const never = () => new Promise<void>(() => undefined);

async function anElection(service: Service) {
  const election = new LeaderElection(service.client, { path: '/e', data });
  await election.start();
  return election;
}

async function aMember(service: Service) {
  const client = Object.assign(service.client, { exists: async () => ({ ephemeralOwner: 'own', czxid: 1 }) });
  const member = new GroupMember(client, { group: '/g', name: 'm', data });
  await member.start();
  return member;
}

async function aMirror(service: Service) {
  const mirror = new TreeMirror(service.client, { root: '/t', depth: 1 });
  await mirror.start();
  return mirror;
}

const recipes = [
  ['an election', anElection],
  ['a member', aMember],
  ['a mirror', aMirror],
] as const;

test.each(recipes)('%s stops although the server says nothing more', async (_, started) => {
  const service = new Service();
  const recipe = await started(service);
  service.onDelete = never;
  service.onDisarm = never;
  await recipe.stop();
  expect(recipe.state).toBe('stopped');
});

test.each(recipes)('%s stops when the connection is lost meanwhile', async (_, started) => {
  const service = new Service();
  const recipe = await started(service);
  service.onDelete = never;
  service.onDisarm = never;
  const stopping = recipe.stop();
  service.move('suspended');
  await stopping;
  expect(recipe.state).toBe('stopped');
});

test('a candidate that could not be deleted at its stop is deleted when a server is in touch again', async () => {
  const service = new Service();
  const election = await anElection(service);
  service.onDelete = () => (service.state === 'connected' ? Promise.resolve() : Promise.reject(lost));
  service.move('suspended');
  await election.stop();
  const deleted = new Promise<void>((resolve) => {
    service.onDelete = async () => resolve();
  });
  service.move('connected');
  await deleted;
  expect(service.deletes).toBe(2);
});

test('nothing is tried again when the session is over', async () => {
  const service = new Service();
  const election = await anElection(service);
  service.onDelete = async () => {
    service.move('closed');
    throw lost;
  };
  await election.stop();
  expect(service.deletes).toBe(1);
});

test('what the service refuses at a stop is told', async () => {
  const service = new Service();
  const election = await anElection(service);
  service.onDelete = () => Promise.reject(new ClientError({ code: 'no_auth', outcome: 'failed' }, 'refused'));
  await expect(election.stop()).rejects.toMatchObject({ code: 'no_auth' });
});
