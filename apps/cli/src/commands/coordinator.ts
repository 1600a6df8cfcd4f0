import type { Command } from 'commander';
import { usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit-codes.ts';
import { duration } from '../input/duration.ts';
import { port } from '../input/numbers.ts';
import { createLogger } from '../logger.ts';
import { serve } from '../processes/serve.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';
import { addBackup, addRestore } from './backup.ts';
import { addCoordinatorStatus } from './coordinator-status.ts';
import { addInspect } from './inspect.ts';

interface RawCoordinator {
  readonly config?: string;
  readonly dataDir?: string;
  readonly port?: number;
  readonly host?: string;
  readonly tick?: number;
  readonly adminPort?: number;
  readonly metricsPort?: number;
  readonly jaas?: string;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/** A coordinator has nothing to wait for but its last writes. */
const STOP_MS_MAX = 10_000;

/** `reeve coordinator`: one member of the ensemble as a process. */
export function addCoordinator(program: Command, act: Act): void {
  const command = program
    .command('coordinator')
    .summary('run a coordinator')
    .description('Runs a coordinator: it keeps the tasks, on disk, and speaks the ZooKeeper client protocol.')
    .option('--config <file>', 'a zoo.cfg: everything else is said in there')
    .option('--data-dir <directory>', 'where it keeps its log and snapshots')
    .option('--port <port>', 'port for clients, 0 for a free one (default: 2181)', port)
    .option('--host <address>', 'address to listen on, "*" for all of this machine (default: 127.0.0.1)')
    .option('--tick <duration>', 'sessions last 2 to 20 of these (default: 2s)', duration)
    .option('--admin-port <port>', 'port for admin commands over HTTP, 0 for a free one (default: none)', port)
    .option('--metrics-port <port>', 'port for Prometheus, 0 for a free one (default: none)', port)
    .option('--jaas <file>', 'a JAAS file with the users of SASL, in its section Server')
    .option('--tls-cert <file>', 'serve TLS with this certificate, PEM')
    .option('--tls-key <file>', 'key of the certificate, PEM')
    .option('--tls-ca <file>', 'ask clients for certificates of these authorities, PEM');
  withOutputOptions(command)
    .addHelpText('after', examples('reeve coordinator --data-dir ./data', 'reeve coordinator --config zoo.cfg'))
    .action((raw: RawCoordinator, self: Command) => act(self, (context) => coordinate(context, raw)));
  addBackup(command, act);
  addRestore(command, act);
  addInspect(command, act);
  addCoordinatorStatus(command, act);
}

async function coordinate(context: Context, raw: RawCoordinator): Promise<ExitCode> {
  const where = placeOf(raw);
  const { runCoordinator } = await import('@reeve/coordinator');
  const logger = await createLogger({ name: 'coordinator', level: context.settings.logLevel });
  const coordinator = await runCoordinator({ ...where, logger });
  const { host, dataDirectory } = coordinator.config;
  const { port, securePort, adminPort, metricsPort } = coordinator;
  const secure = securePort === 0 ? {} : { securePort };
  const ports = { port: port === 0 ? securePort : port, ...secure };
  const facts = { ...ports, host, dataDirectory, adminPort, metricsPort, pid: process.pid };
  const { secureHost } = coordinator.config;
  const places = [port === 0 ? [] : [`${host}:${port}`], securePort === 0 ? [] : [`${secureHost}:${securePort} (TLS)`]];
  const sentence = `coordinator listens on ${places.flat().join(' and ')}, data in ${dataDirectory}`;
  const { failed } = coordinator;
  return serve(context, { facts, sentence, failed, stop: () => coordinator.stop(), stopMsMax: STOP_MS_MAX });
}

function placeOf({ config, jaas: jaasFile, ...place }: RawCoordinator) {
  const { dataDir, port, host, tick, adminPort, metricsPort } = place;
  const tls = tlsOf(place);
  const isPlaced = [dataDir, port, host, tick, adminPort, metricsPort, tls].some((option) => option !== undefined);
  if (config !== undefined && isPlaced)
    throw usageError('--config goes alone', 'Say directory, ports, host and certificates in the file.');
  if (config !== undefined) return { configFile: config, jaasFile };
  if (dataDir !== undefined) return { dataDir, port, host, tickMs: tick, adminPort, metricsPort, tls, jaasFile };
  throw usageError('where is the coordinator to keep its data?', 'Add --data-dir DIRECTORY, or --config FILE.');
}

function tlsOf({ tlsCert: cert, tlsKey: key, tlsCa: ca }: RawCoordinator) {
  if (cert !== undefined && key !== undefined) return { cert, key, ca };
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  throw usageError('TLS needs a certificate and its key', 'Give both --tls-cert and --tls-key.');
}
