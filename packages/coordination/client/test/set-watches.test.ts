import { expect, test } from '@jest/globals';
import { ops, Writer } from '@reeve/wire';
import { SET_WATCHES_BYTES_MAX, type SetWatchesPacket, setWatchesPackets } from '../src/set-watches.ts';

const none = { data: [], absent: [], children: [], persistent: [], recursive: [] };

function bytesOf(packet: SetWatchesPacket): number {
  const writer = new Writer();
  if (packet.op === 'setWatches') ops.setWatches.request.encode(writer, packet.body);
  else ops.setWatches2.request.encode(writer, packet.body);
  return writer.length + 8;
}

test('nothing watched needs no packet', () => {
  expect(setWatchesPackets(none, 7)).toEqual([]);
});

test('one-shot watches go in the older form, which every server knows', () => {
  const packets = setWatchesPackets({ ...none, data: ['/d'], absent: ['/a'], children: ['/c'] }, 7);
  const body = { relativeZxid: 7, dataWatches: ['/d'], existWatches: ['/a'], childWatches: ['/c'] };
  expect(packets).toEqual([{ op: 'setWatches', body }]);
});

test('persistent watches need the newer form', () => {
  const packets = setWatchesPackets({ ...none, data: ['/d'], persistent: ['/p'], recursive: ['/r'] }, 7);
  expect(packets).toMatchObject([
    { op: 'setWatches2', body: { dataWatches: ['/d'], persistentWatches: ['/p'], persistentRecursiveWatches: ['/r'] } },
  ]);
});

test('many paths are split into packets below the limit, persistent ones last, none lost', () => {
  const paths = (kind: string) => Array.from({ length: 900 }, (_, i) => `/${kind}/${'é'.repeat(100)}${i}`);
  const asked = {
    data: paths('d'),
    absent: paths('a'),
    children: paths('c'),
    persistent: paths('p'),
    recursive: paths('r'),
  };
  const packets = setWatchesPackets(asked, 1);
  expect(packets.length).toBeGreaterThan(5);
  for (const packet of packets) expect(bytesOf(packet)).toBeLessThanOrEqual(SET_WATCHES_BYTES_MAX);
  expect(packets.flatMap(({ body }) => body.dataWatches)).toEqual(asked.data);
  expect(packets.flatMap(({ body }) => body.existWatches)).toEqual(asked.absent);
  expect(packets.flatMap(({ body }) => body.childWatches)).toEqual(asked.children);
  const newer = packets.flatMap((packet) => (packet.op === 'setWatches2' ? [packet.body] : []));
  expect(newer.flatMap((body) => body.persistentWatches)).toEqual(asked.persistent);
  expect(newer.flatMap((body) => body.persistentRecursiveWatches)).toEqual(asked.recursive);
  expect(packets.findIndex(({ op }) => op === 'setWatches2')).toBe(packets.length - newer.length);
});
