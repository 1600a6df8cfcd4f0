import { Worker } from 'node:worker_threads';
import { messageOf } from '@reeve/base';
import { LedgerWriter } from '../ledger.ts';
import { descriptors, type RunnerSettings } from '../message.ts';
import { HandlerRunner } from './handler-runner.ts';
import { loadHandlers, ModuleError } from './load-handlers.ts';
import { readOrders } from './orders.ts';
import { Reporter } from './reporter.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as RunnerSettings;
const ledger = new LedgerWriter(descriptors.ledger);
const reporter = new Reporter(descriptors.reports, ledger);
// User code may replace `process.exit`, as we do below.
const exit = process.exit.bind(process);

/** Loads the handlers, says so, and takes orders. */
async function start(): Promise<void> {
  startWatchdog();
  const handlers = await loadHandlers(settings.modules);
  const runner = new HandlerRunner({ handlers, reporter, ledger, settings, leave: exit });
  process.on('uncaughtException', (thrown, origin) => {
    const unhandled = origin === 'unhandledRejection';
    runner.uncaught(thrown, unhandled ? 'a promise was rejected and nobody caught it: ' : 'nobody caught: ');
  });
  process.exit = (code) => runner.exitCalled(Number(code ?? process.exitCode ?? 0));
  reporter.report({ kind: 'ready', handlers: [...handlers.keys()] });
  readOrders(
    (message) => runner.receive(message),
    () => runner.orphaned(),
  );
}

function startWatchdog(): void {
  const watchdog = new Worker(new URL('./watchdog.js', import.meta.url), {
    workerData: { descriptor: descriptors.lease, graceMs: settings.graceMs },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
    execArgv: [],
  });
  // Without it a handler could outlive its lease.
  watchdog.on('exit', () => exit(1));
  watchdog.unref();
}

function refuse(error: unknown): void {
  const module = error instanceof ModuleError ? error.facts.module : (settings.modules[0] ?? '');
  reporter.report({ kind: 'unloadable', module, message: messageOf(error) });
  reporter.flush();
  exit(1);
}

start().catch(refuse);
