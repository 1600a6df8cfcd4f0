import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { LineSplitter } from '../line-splitter.ts';
import { monotonicMs } from '../message.ts';
import { Deadline } from './deadline.ts';

/*
 * A thread beside the handlers, which may block theirs. It ends the whole process group when the worker has not
 * renewed the lease in time (the worker is stopped, or cannot reach the coordinator), or when the worker is gone.
 */
const { descriptor, graceMs } = workerData as { readonly descriptor: number; readonly graceMs: number };

const deadline = new Deadline(() => process.kill(-process.pid, 'SIGKILL'));
const lines = new LineSplitter((line) => deadline.set(Number(line)));
const lease = new Socket({ fd: descriptor, readable: true, writable: false });
lease.setEncoding('utf8').on('data', (text: string) => lines.push(text));
lease.on('error', () => {});
// An orphan may use its grace to stop well, but not beyond its lease.
lease.on('close', () => deadline.set(Math.min(deadline.atMs, monotonicMs() + graceMs)));
