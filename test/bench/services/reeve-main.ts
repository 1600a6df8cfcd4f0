import { type Client, connect } from '@reeve/client';
import { serveTold } from '../../told/serve-told.ts';
import type { LoadTold } from './load-told.ts';
import { loads } from './reeve-loads.ts';

/** Our side of the benchmark of services: `reeve-main.js host:port sessionMs`; does the loads it is told. */
const [servers = '', sessionMs] = process.argv.slice(2);
const opened: Promise<Client>[] = [];

/** The first so many sessions; those that are missing are opened. */
function sessions(many: number): Promise<readonly Client[]> {
  while (opened.length < many) {
    opened.push(connect({ servers, sessionTimeoutMs: Number(sessionMs), requestTimeoutMs: Number(sessionMs) }));
  }
  return Promise.all(opened.slice(0, many));
}

await sessions(1);
await serveTold<LoadTold & { readonly what: string }>((told) => {
  const load = loads[told.what];
  if (load === undefined) throw new RangeError(`nobody measures ${told.what}`);
  return load(sessions, told);
});
