#!/usr/bin/env node
import { exitCodes } from './exit-codes.ts';
import { run } from './program.ts';

const stop = new AbortController();
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    signals += 1;
    if (signals > 1) process.exit(exitCodes.interrupted);
    stop.abort(signal);
  });
}
process.exitCode = await run(process.argv.slice(2), stop.signal);
