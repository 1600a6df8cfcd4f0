import { Socket } from 'node:net';
import { LineSplitter } from '../line-splitter.ts';
import { descriptors, type ToRunner } from '../message.ts';

/** Reads what the worker says until it closes its end, or dies. */
export function readOrders(receive: (message: ToRunner) => void, onGone: () => void): void {
  const lines = new LineSplitter((line) => receive(JSON.parse(line) as ToRunner));
  const socket = new Socket({ fd: descriptors.orders, readable: true, writable: false });
  socket.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  socket.on('error', () => {});
  socket.on('close', onGone);
}
