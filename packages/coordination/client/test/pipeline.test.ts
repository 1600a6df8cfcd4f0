import { expect, test } from '@jest/globals';
import { Pipeline } from '../src/pipeline.ts';
import { Request } from '../src/request.ts';

type Op = 'create' | 'getData' | 'addWatch';

/** A request that writes down how it ended. */
function make(op: Op, name: string, ended: string[], deadline = 1_000): Request {
  const end = (error: { code: string; facts: { outcome: string } }) =>
    ended.push(`${name}: ${error.code} ${error.facts.outcome}`);
  const settle = { resolve: () => ended.push(`${name}: done`), reject: end as (error: unknown) => void };
  return new Request({ op, body: {}, path: name, finish: () => undefined }, deadline, settle);
}

const limits = { inFlightMax: 2, waitingMax: 4 };
const never = () => undefined;

test('numbers requests, sends as many as allowed, and takes answers in their turn only', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline(limits);
  for (const name of ['a', 'b', 'c']) pipeline.enqueue(make('getData', name, ended));
  expect(pipeline.takeToSend(5)).toMatchObject({ xid: 1, sentAt: 5, phase: 'sent' });
  expect(pipeline.takeToSend(5)).toMatchObject({ xid: 2 });
  expect(pipeline.takeToSend(5)).toBeUndefined();
  expect(pipeline.takeAnswered(2)).toBeUndefined();
  expect(pipeline.takeAnswered(1)?.call.path).toBe('a');
  expect(pipeline.takeToSend(6)?.call.path).toBe('c');
  expect([pipeline.inFlight, pipeline.waiting]).toEqual([2, 0]);
});

test('takes no more in line than allowed', () => {
  const pipeline = new Pipeline(limits);
  const offers = Array.from({ length: 5 }, (_, i) => pipeline.enqueue(make('getData', String(i), [])));
  expect(offers).toEqual([true, true, true, true, false]);
});

test('a lost connection: writes that were sent are unknown, those behind them fail, reads are sent again first', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline(limits);
  const requests = [
    make('getData', 'sent read', ended),
    make('create', 'sent write', ended),
    make('create', 'waiting write', ended),
    make('getData', 'waiting read', ended),
  ];
  for (const request of requests) pipeline.enqueue(request);
  pipeline.takeToSend(0);
  pipeline.takeToSend(0);
  pipeline.connectionLost(never);
  expect(ended).toEqual(['sent write: connection_loss unknown', 'waiting write: connection_loss failed']);
  expect([pipeline.takeToSend(1)?.call.path, pipeline.takeToSend(1)?.call.path]).toEqual(['sent read', 'waiting read']);
});

test('a lost connection leaves waiting writes in line when no write was sent', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline({ ...limits, inFlightMax: 1 });
  for (const request of [make('getData', 'read', ended), make('create', 'write', ended)]) pipeline.enqueue(request);
  pipeline.takeToSend(0);
  pipeline.connectionLost(never);
  expect(ended).toEqual([]);
  expect(pipeline.waiting).toBe(2);
});

test('only the request whose turn it was is suspected of having cost the connection', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline(limits);
  pipeline.enqueue(make('addWatch', 'watch', ended));
  pipeline.enqueue(make('getData', 'read', ended));
  const suspects: (string | undefined)[] = [];
  for (let i = 0; i < 2; i += 1) {
    pipeline.takeToSend(0);
    pipeline.takeToSend(0);
    pipeline.connectionLost((request) => {
      suspects.push(request.call.path);
      return suspects.length === 2 ? 'not offered' : undefined;
    });
  }
  expect(suspects).toEqual(['watch', 'watch']);
  expect(ended).toEqual(['watch: engine_unsupported failed']);
  expect(pipeline.waiting).toBe(1);
});

test('requests end at their deadlines, whether sent or waiting, and their answers are still taken in turn', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline({ ...limits, inFlightMax: 1 });
  pipeline.enqueue(make('create', 'sent', ended, 100));
  pipeline.enqueue(make('create', 'waiting', ended, 200));
  pipeline.enqueue(make('create', 'patient', ended, 300));
  pipeline.takeToSend(0);
  pipeline.expire(99);
  expect(ended).toEqual([]);
  pipeline.expire(100);
  pipeline.expire(250);
  expect(ended).toEqual(['sent: deadline_exceeded unknown', 'waiting: deadline_exceeded failed']);
  expect(pipeline.waiting).toBe(1);
  expect(pipeline.takeAnswered(1)?.phase).toBe('settled');
  expect(pipeline.takeToSend(260)?.call.path).toBe('patient');
});

test('ending the session ends every request, sent writes as unknown', () => {
  const ended: string[] = [];
  const pipeline = new Pipeline({ ...limits, inFlightMax: 1 });
  for (const name of ['sent', 'waiting']) pipeline.enqueue(make('create', name, ended));
  pipeline.takeToSend(0);
  pipeline.failAll('session_expired');
  expect(ended).toEqual(['sent: session_expired unknown', 'waiting: session_expired failed']);
});

test('thousands of requests pass through in order', () => {
  const pipeline = new Pipeline({ inFlightMax: 3, waitingMax: 10_000 });
  for (let i = 1; i <= 5_000; i += 1) pipeline.enqueue(make('getData', String(i), []));
  for (let i = 1; i <= 5_000; i += 1) {
    while (pipeline.takeToSend(0) !== undefined) expect(pipeline.inFlight).toBeLessThanOrEqual(3);
    expect(pipeline.takeAnswered(i)?.call.path).toBe(String(i));
  }
  expect([pipeline.inFlight, pipeline.waiting]).toEqual([0, 0]);
});
