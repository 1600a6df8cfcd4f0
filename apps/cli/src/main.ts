#!/usr/bin/env node
import { codeOf } from '@reeve/base';
import { exitCodes } from './exit-codes.ts';
import { run } from './program.ts';

/** How long the process may live on after its command has ended, milliseconds: to write out what it has said. */
const LINGER_MS = 500;

const stop = new AbortController();
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals > 1) process.exit(exitCodes.interrupted);
    stop.abort(signal);
  });
}
// Whoever reads a help text may have seen enough of it.
process.stdout.on('error', (error) => {
  if (codeOf(error) !== 'EPIPE') throw error;
});
process.exitCode = await run(process.argv.slice(2), stop.signal);
// What is left then, such as a connection that cannot be closed, keeps nobody waiting.
setTimeout(() => process.exit(), LINGER_MS).unref();
