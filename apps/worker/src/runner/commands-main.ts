import { Socket } from 'node:net';
import { descriptors, type RunnerSettings } from '../message.ts';
import { CommandRunner } from './command-runner.ts';
import { readOrders } from './orders.ts';
import { Reporter } from './reporter.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as RunnerSettings;
const reporter = new Reporter(descriptors.reports);
const runner = new CommandRunner({ reporter, settings, leave: () => process.exit(0) });

const lease = new Socket({ fd: descriptors.lease, readable: true, writable: false });
const renewals = runner.leaseLines();
lease.setEncoding('utf8').on('data', (text: string) => renewals.push(text));
lease.on('error', () => {});

process.once('SIGTERM', () => runner.end());

reporter.report({ kind: 'ready', handlers: [] });
readOrders(
  (message) => runner.receive(message),
  () => runner.orphaned(),
);
