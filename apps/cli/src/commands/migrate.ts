import { type AuthInfo, type Client, type ClientOptions, connect } from '@reeve/client';
import type { MigrateOptions } from '@reeve/migration';
import type { Command } from 'commander';
import { CliError, interrupted, usageError } from '../cli-error.ts';
import type { Context } from '../context.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { addIdentity } from '../input/identities.ts';
import { wholeNumber } from '../input/numbers.ts';
import { clientTls, type TlsFiles } from '../input/tls-files.ts';
import { createLogger } from '../logger.ts';
import { comparisonLines, reportLines, shortcomings } from '../output/migration.ts';
import { showProgress } from '../output/progress.ts';
import { withOutputOptions } from '../settings.ts';
import { type Act, examples } from './act.ts';

interface RawMigrate {
  readonly from: string;
  readonly to: string;
  readonly path: string;
  readonly exclude?: readonly string[];
  readonly fromTls?: true;
  readonly toTls?: true;
  readonly fromAuth?: readonly AuthInfo[];
  readonly toAuth?: readonly AuthInfo[];
  readonly fromDataDir?: string;
  readonly fromLogDir?: string;
  readonly allPersistent?: true;
  readonly quotas?: true;
  readonly counterMax: number;
  readonly dryRun?: true;
  readonly continue?: true;
  readonly verify?: true;
}

/** Passes after which a source that goes on changing is left to another run. */
const PASSES_MAX = 20;
const COUNTER_PAIRS_MAX = 1_000_000;
/** For services that are far away, or busy with what is being copied. */
const REQUEST_MS_MAX = 60_000;
const SESSION_MS = 30_000;
/** A hundred znodes in one answer, whatever they hold. */
const REPLY_BYTES_MAX = 256 * 1024 * 1024;

/** `reeve migrate`. */
export function addMigrate(program: Command, act: Act): void {
  const command = program
    .command('migrate')
    .summary('copy znodes from Apache ZooKeeper to Reeve, or back')
    .description(
      'Copies znodes from one ZooKeeper service to another while the source may be in use, until nothing changes any ' +
        'more: data, access lists, sequence counters; with --from-data-dir also containers and times to live. Ephemerals ' +
        'belong to their sessions and stay. Exit code 1 when something is different at the target in the end.',
    );
  withScope(withSides(command))
    .option('--dry-run', 'say what would be copied, and copy nothing')
    .option('--continue', 'make a target equal that holds something already: overwrite, and delete what is too much')
    .option('--verify', 'compare both sides afterwards; with --dry-run, compare only');
  withOutputOptions(command)
    .addHelpText(
      'after',
      examples(
        'reeve migrate --from zk1:2181 --to reeve:2181 --auth @super.txt --from-data-dir /var/lib/zookeeper',
        'reeve migrate --from zk1:2181 --to reeve:2181 --auth @super.txt --continue --verify',
      ),
    )
    .action((raw: RawMigrate, self: Command) => act(self, (context) => migrateBetween(context, raw)));
}

function withSides(command: Command): Command {
  return command
    .requiredOption('--from <hosts>', 'the source, host:port[,host:port…][/znode]')
    .requiredOption('--to <hosts>', 'the target, host:port[,host:port…][/znode]')
    .option(
      '--auth <identity>',
      'who to be on both sides, digest:user:password or @FILE (default: $REEVE_AUTH)',
      addIdentity,
    )
    .option('--from-auth <identity>', 'who else to be at the source', addIdentity)
    .option('--to-auth <identity>', 'who else to be at the target', addIdentity)
    .option('--from-tls', 'speak TLS with the source')
    .option('--to-tls', 'speak TLS with the target')
    .option('--tls-ca <file>', 'trust the certificates of these authorities, PEM (default: $REEVE_TLS_CA)')
    .option('--tls-cert <file>', 'own certificate, PEM (default: $REEVE_TLS_CERT)')
    .option('--tls-key <file>', 'key of the certificate, PEM (default: $REEVE_TLS_KEY)')
    .option('--from-data-dir <directory>', "the source's dataDir, to learn of containers and times to live")
    .option('--from-log-dir <directory>', "the source's dataLogDir, when it has one")
    .option('--all-persistent', 'there are no containers and no times to live at the source');
}

function withScope(command: Command): Command {
  return command
    .option('--path <path>', 'the znode to copy, with all below it', '/')
    .option('--exclude <path>', 'leave this znode out, and all below it', addPath)
    .option('--quotas', 'copy the quotas under /zookeeper/quota as well')
    .option(
      '--counter-max <number>',
      'creates and deletes by which one sequence counter is brought forward at the most',
      wholeNumber({ min: 0, max: 0x7fffffff }),
      COUNTER_PAIRS_MAX,
    );
}

function addPath(path: string, before: readonly string[] = []): readonly string[] {
  return [...before, path];
}

async function migrateBetween(context: Context, raw: RawMigrate): Promise<ExitCode> {
  refuseContradiction(raw);
  const sides: Client[] = [];
  // Ctrl-C: what is under way fails, and says that it can be repeated.
  const giveUp = () => void Promise.all(sides.map((side) => side.close()));
  context.signal.addEventListener('abort', giveUp, { once: true });
  try {
    const { auth, tls: files = noFiles } = context.settings;
    sides.push(
      await side({ servers: raw.from, auth: [...auth, ...(raw.fromAuth ?? [])], ...clientTls(raw.fromTls && files) }),
    );
    sides.push(
      await side({ servers: raw.to, auth: [...auth, ...(raw.toAuth ?? [])], ...clientTls(raw.toTls && files) }),
    );
    return await work(context, raw, sides as [Client, Client]);
  } catch (error) {
    throw context.signal.aborted ? interrupted() : error;
  } finally {
    context.signal.removeEventListener('abort', giveUp);
    await Promise.all(sides.map((one) => one.close()));
  }
}

function refuseContradiction({ from, to, quotas, fromDataDir, fromLogDir, allPersistent }: RawMigrate): void {
  if (quotas && (isChrooted(from) || isChrooted(to))) {
    throw usageError('quotas name paths from the root of the server', 'Leave the znode behind --from and --to away.');
  }
  if (fromLogDir !== undefined && fromDataDir === undefined) {
    throw usageError('--from-log-dir goes with --from-data-dir', 'Name the directory of the snapshots too.');
  }
  if (allPersistent && fromDataDir !== undefined) {
    throw usageError('--all-persistent and --from-data-dir exclude each other');
  }
}

const noFiles: TlsFiles = { ca: undefined, cert: undefined, key: undefined, servername: undefined };

function side(options: Pick<ClientOptions, 'servers' | 'auth' | 'tls'>): Promise<Client> {
  return connect({
    ...options,
    requestTimeoutMs: REQUEST_MS_MAX,
    sessionTimeoutMs: SESSION_MS,
    replyBytesMax: REPLY_BYTES_MAX,
  });
}

async function work(context: Context, raw: RawMigrate, [source, target]: [Client, Client]): Promise<ExitCode> {
  const { compareTrees, migrate } = await import('@reeve/migration');
  const { output } = context;
  const isComparisonOnly = raw.dryRun && raw.verify;
  let exitCode: ExitCode = exitCodes.ok;
  const progress = showProgress({ label: 'znodes looked at', total: 0, stream: process.stderr });
  const options = await optionsOf(context, raw, { source, target, onProgress: (count) => progress.advance(count) });
  try {
    if (!isComparisonOnly) {
      const report = await migrate(options);
      progress.stop();
      const missing = shortcomings(report, { lifetimes: raw.allPersistent ? 'known' : 'as_told' });
      await output.show({ kind: 'report', ...report, shortcomings: missing }, () => reportLines(report, options.mode));
      for (const sentence of missing) output.note(output.colors.red(sentence));
      if (missing.length > 0) exitCode = exitCodes.failed;
    }
    if (!raw.verify) return exitCode;
    const comparison = await compareTrees(options);
    progress.stop();
    await output.show({ kind: 'comparison', ...comparison }, () => comparisonLines(comparison));
    return comparison.differences.length > 0 ? exitCodes.failed : exitCode;
  } finally {
    progress.stop();
  }
}

async function optionsOf(
  context: Context,
  raw: RawMigrate,
  parts: Pick<MigrateOptions, 'source' | 'target' | 'onProgress'>,
): Promise<MigrateOptions> {
  const { path, exclude = [], quotas, counterMax, dryRun, fromDataDir, fromLogDir } = raw;
  const logger = await createLogger({ name: 'migrate', level: context.settings.logLevel });
  const readOrigins = async (dataDirectory: string) => {
    const { readOrigins: read } = await import('@reeve/archive');
    const { lastZxid, get } = await read({ dataDirectory, logDirectory: fromLogDir ?? dataDirectory, logger });
    const root = chrootOf(raw.from);
    return { lastZxid, get: (path: string) => get(path === '/' && root !== '' ? root : root + path) };
  };
  return {
    ...parts,
    path: checkedPath(path),
    exclude: exclude.map(checkedPath),
    quotas: quotas ? 'copied' : 'left_out',
    root: isChrooted(raw.from) && isChrooted(raw.to) ? 'chroot' : 'server',
    mode: dryRun ? 'rehearse' : 'copy',
    existing: raw.continue ? 'make_equal' : 'refuse',
    readOrigins: fromDataDir === undefined ? undefined : () => readOrigins(fromDataDir),
    counterPairsMax: counterMax,
    passesMax: PASSES_MAX,
  };
}

function isChrooted(servers: string): boolean {
  return chrootOf(servers) !== '';
}

/** The znode behind the addresses that is taken for the root. */
function chrootOf(servers: string): string {
  const slash = servers.indexOf('/');
  return slash < 0 ? '' : servers.slice(slash).replace(/\/$/, '');
}

function checkedPath(path: string): string {
  if (path === '/' || /^(?:\/[^/]+)+$/.test(path)) return path;
  const facts = {
    code: 'usage',
    exitCode: exitCodes.usage,
    advice: 'It begins with / and does not end with it.',
  } as const;
  throw new CliError(facts, `"${path}" is no path of a znode`);
}
