import { connect, type Socket } from 'node:net';
import { silent } from '@reeve/base';
import { type AdminConfig, type Coordinator, coordinatorConfig, createServer, type GivenConfig } from '@reeve/server';
import { atTestEnd, RawClient, temporaryDirectory } from '@reeve/testkit';
import { serveAdmin } from '../src/admin-server.ts';
import { serveMetrics } from '../src/metrics-server.ts';

/** A coordinator with everything for operators, on ports of its own, for one test file. */
export interface Served {
  readonly coordinator: Coordinator;
  readonly adminPort: number;
  readonly metricsPort: number;
  /** The answer of the admin server at a path. */
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** The fields of a command's answer. */
  run(command: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function served(changes: Partial<GivenConfig> = {}, admin: Partial<AdminConfig> = {}): Promise<Served> {
  const given = { dataDirectory: temporaryDirectory(), port: 0, fourLetterWords: 'all', ...changes } as const;
  const coordinator = await createServer(coordinatorConfig(given));
  const report = () => coordinator.report();
  const place = { host: '127.0.0.1', port: 0, commandUrl: '/commands', idleMs: 30_000, ...admin };
  const adminService = await serveAdmin(place, report, silent);
  const metricsService = await serveMetrics({ host: '127.0.0.1', port: 0, ofProcess: 'left_out' }, report, silent);
  const stop = async () => {
    forget();
    await adminService.stop();
    await metricsService.stop();
    await coordinator.stop();
  };
  const forget = atTestEnd(stop);
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${adminService.port}${path}`, init);
  return {
    coordinator,
    adminPort: adminService.port,
    metricsPort: metricsService.port,
    ask,
    run: async (command) => (await (await ask(`/commands/${command}`)).json()) as Record<string, unknown>,
    stop,
  };
}

/** A client of a coordinator, with an ephemeral and a watch. */
export async function clientOf({ port }: Coordinator): Promise<RawClient> {
  const client = await RawClient.open(port);
  await client.create('/here', 'x', 1);
  await client.request('getData', { path: '/here', watch: true });
  return client;
}

/** A connection that has sent so much; resolves when the other side has ended it. */
export function halfAsked(port: number, text: string): { readonly socket: Socket; readonly ended: Promise<void> } {
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, ended };
}
