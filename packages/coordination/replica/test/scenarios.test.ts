import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { invariant } from '@reeve/base';
import { playScenario, type ScenarioCommand, scenariosIn } from '@reeve/testkit';
import type { Stat } from '@reeve/wire';
import { requestOf } from './script.ts';
import { type Arrival, brief, type TestClient } from './test-client.ts';
import { type Turn, World } from './world.ts';

/** The world of one scenario file; clients have names there. */
class Stage {
  readonly #world: World;
  readonly #names = new Map<number, string>();
  readonly #clients = new Map<string, TestClient>();

  constructor(options: ConstructorParameters<typeof World>[0] = {}) {
    this.#world = new World(options);
  }

  /** Does what a command says, and tells what was seen. */
  perform({ name, args, input }: ScenarioCommand): string {
    const world = this.#world;
    switch (name) {
      case 'connect':
        this.#connect(args);
        return this.#told(args.has('unsynced') ? world.perform() : world.turn());
      case 'drop':
        for (const client of args.keys()) world.step({ kind: 'closed', connection: this.#client(client).connection });
        return this.#told(world.turn());
      case 'send':
        this.#send(input);
        return this.#told(world.perform());
      case 'turn':
        this.#send(input);
        return this.#told(world.turn());
      case 'persist':
        world.persist(args.has('count') ? Number(args.get('count')) : undefined);
        return this.#told(world.perform());
      case 'pass':
        world.pass(Number([...args.keys()][0]));
        return this.#told(args.has('unsynced') ? world.perform() : world.turn());
      case 'disk':
        if (args.has('full')) world.failDisk();
        else world.step({ kind: 'journal_recovered' });
        return this.#told(world.turn());
      case 'restart':
        world.restart();
        return this.#status();
      case 'status':
        return this.#status();
      default:
        return `there is no command ${name}`;
    }
  }

  #connect(args: ReadonlyMap<string, string>): void {
    const name = [...args.keys()][0] as string;
    const client = this.#world.open(args.get('x509'));
    this.#names.set(client.connection, name);
    const earlier = this.#clients.get(args.get('as') ?? '');
    this.#clients.set(name, client);
    const session = earlier === undefined ? {} : { session: earlier.session };
    const password = args.get('password') === 'wrong' ? Buffer.alloc(16, 1) : earlier?.password;
    this.#world.frame(
      client,
      client.hello({
        ...session,
        ...(password === undefined ? {} : { password }),
        ...(args.has('timeout') ? { timeoutMs: Number(args.get('timeout')) } : {}),
        ...(args.has('seen') ? { lastZxidSeen: Number(args.get('seen')) } : {}),
      }),
    );
  }

  #send(lines: readonly string[]): void {
    for (const line of lines) {
      const [, name = '', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      const client = this.#client(name);
      const malformed = /^malformed (\w+) ?([0-9a-f]*)$/.exec(rest);
      if (malformed !== null) {
        const [, op = '', hex = ''] = malformed;
        this.#world.frame(client, client.malformed(op as 'create', Buffer.from(hex, 'hex')));
        continue;
      }
      const { op, request } = requestOf(rest);
      this.#world.send(client, op, request);
    }
  }

  #client(name: string): TestClient {
    const client = this.#clients.get(name);
    invariant(client !== undefined, `there is a client ${name}`);
    return client;
  }

  #told({ arrivals, closed, entries }: Turn): string {
    const lines = entries.length === 0 ? [] : [`journal ${entries.map((entry) => entry.zxid).join(' ')}`];
    for (const [connection, seen] of arrivals) {
      for (const arrival of seen) lines.push(`${this.#names.get(connection)} <- ${shown(arrival)}`);
    }
    for (const connection of closed) lines.push(`${this.#names.get(connection)} is closed`);
    return lines.join('\n') || 'nothing';
  }

  #status(): string {
    const { mode, lastZxid, outstanding, znodes, ephemerals, sessions, connections, watches } =
      this.#world.replica.status();
    return [
      `${mode} zxid=${lastZxid} outstanding=${outstanding}`,
      `znodes=${znodes} ephemerals=${ephemerals} sessions=${sessions} connections=${connections}`,
      `watches=${watches.watches} watchers=${watches.watchers} paths=${watches.paths}`,
    ].join('\n');
  }
}

function shown(arrival: Arrival): string {
  switch (arrival.kind) {
    case 'welcome':
      return `welcome session=${arrival.reply.sessionId.slice(-4)} timeout=${arrival.reply.timeoutMs}`;
    case 'event':
      return `event ${arrival.type} ${arrival.path} (${arrival.zxid})`;
    case 'answer':
      return `${arrival.op} ${arrival.error} (${arrival.zxid}) ${arrival.body === undefined ? '' : inWords(arrival.body)}`.trimEnd();
  }
}

/** The body of an answer as one line. */
function inWords(value: unknown): string {
  if (Buffer.isBuffer(value)) return `"${value.toString()}"`;
  if (Array.isArray(value)) return value.map((item) => inWords(item)).join(' | ');
  if (typeof value !== 'object' || value === null) return String(value);
  if ('czxid' in value) return brief(value as Stat);
  if ('perms' in value)
    return Object.values({ ...value })
      .map((field) => inWords(field))
      .join('=');
  if ('scheme' in value && 'id' in value) return `${value.scheme}:${value.id}`;
  return Object.values(value)
    .map((field) => inWords(field))
    .join(' ');
}

const directory = join(import.meta.dirname, 'testdata');
/** The options of the scenarios whose titles begin like this. */
const options = {
  restricted: { timeToLive: 'refused', x509: 'refused', sasl: 'refused', superDigest: undefined },
  unbound: { accessLists: 'skipped', reconfiguration: 'unimplemented' },
} as const;

describe('a replica', () => {
  test.each(scenariosIn(directory))('behaves as written down: %s', async (title, path) => {
    const stage = new Stage(options[title.split(' ')[0] as keyof typeof options]);
    const { expected, actual } = await playScenario(path, (command) => stage.perform(command));
    expect(actual).toBe(expected);
  });
});
