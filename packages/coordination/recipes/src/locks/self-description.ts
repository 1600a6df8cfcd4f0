import { hostname } from 'node:os';

/** What the znodes of this process say of their owner unless they are told something else: JSON, `{"host","pid"}`. */
export function selfDescription(): Uint8Array {
  return Buffer.from(JSON.stringify({ host: hostname(), pid: process.pid }));
}
