import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  type Codec,
  connectReply,
  connectRequest,
  FrameSplitter,
  type OpName,
  opName,
  ops,
  Reader,
  replyHeader,
  requestHeader,
  WireError,
  Writer,
  watchEvent,
} from '@reeve/wire';
import fc from 'fast-check';

interface Recorded {
  readonly name: string;
  readonly kind: 'connect' | 'connectReply' | 'request' | 'reply' | 'event';
  readonly op: string;
  readonly hex: string;
}

const folder = new URL('../testdata/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const recorded = files.flatMap((file) => {
  const frames: Recorded[] = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  return frames.map((frame) => ({ ...frame, name: `${file} ${frame.name}` }));
});

// What the recording peers broke on purpose; see testdata/README.md.
const broken = /unknown type|read inside|write inside|without its end|truncated body|bytes after the body|unknown op/;
// Written otherwise on purpose: jute's null strings and vectors read as empty ones, a true of 2 as 1, longs above 2^53 rounded.
const canonical = /reconfig|null |ACL of the creator|live too long|boolean of two/i;

const whole = recorded.filter((frame) => !broken.test(frame.name));

function withHeader(header: Codec<unknown>, body: Codec<unknown>): Codec<unknown> {
  return {
    bytesMin: 0,
    encode(writer, value) {
      const [head, rest] = value as [unknown, unknown];
      header.encode(writer, head);
      if (rest !== undefined) body.encode(writer, rest);
    },
    decode(reader) {
      const head = header.decode(reader);
      // A refusal is a header alone.
      return [head, reader.remaining > 0 ? body.decode(reader) : undefined];
    },
  };
}

function codecOf(frame: Recorded): Codec<unknown> {
  switch (frame.kind) {
    case 'connect':
      return connectRequest;
    case 'connectReply':
      return connectReply;
    case 'event':
      return withHeader(replyHeader, watchEvent);
    case 'request':
      return withHeader(requestHeader, ops[frame.op as OpName].request);
    case 'reply':
      return withHeader(replyHeader, ops[frame.op as OpName].reply);
  }
}

function decodeRequest(bytes: Buffer): void {
  const reader = new Reader().reset(bytes);
  const op = opName(requestHeader.decode(reader).type);
  if (op !== undefined) ops[op].request.decode(reader);
}

describe('frames recorded from real peers', () => {
  test('hold every operation of the protocol that a client can send', () => {
    const asked = new Set(recorded.filter((frame) => frame.kind === 'request').map((frame) => frame.op));
    const missing = Object.keys(ops).filter((op) => !asked.has(op));
    expect(missing).toEqual(['createSession']);
  });

  test.each(files)('%s: every frame decodes to its last byte, and encodes to the same bytes', (file) => {
    const frames = whole.filter((frame) => frame.name.startsWith(file));
    expect(frames.length).toBeGreaterThan(100);
    const rewritten: string[] = [];
    for (const frame of frames) {
      const codec = codecOf(frame);
      const reader = new Reader().reset(Buffer.from(frame.hex, 'hex'));
      const value = codec.decode(reader);
      const writer = new Writer(8);
      codec.encode(writer, value);
      const encoded = writer.take();
      expect([frame.name, reader.remaining]).toEqual([frame.name, 0]);
      if (encoded.toString('hex') !== frame.hex) rewritten.push(frame.name);
    }
    expect(rewritten.filter((name) => !canonical.test(name))).toEqual([]);
  });

  test('each comes whole out of a stream that is split at any of its bytes', () => {
    for (const frame of recorded) {
      const writer = new Writer();
      const start = writer.beginFrame();
      writer.raw(Buffer.from(frame.hex, 'hex'));
      writer.endFrame(start);
      const stream = writer.take();
      for (let cut = 0; cut <= stream.length; cut += 1) {
        const splitter = new FrameSplitter();
        const found: string[] = [];
        const sink = (bytes: Buffer, from: number, to: number) => found.push(bytes.toString('hex', from, to));
        splitter.push(stream.subarray(0, cut), sink);
        splitter.push(stream.subarray(cut), sink);
        if (found[0] !== frame.hex) expect([frame.name, cut, ...found]).toEqual([frame.name, cut, frame.hex]);
      }
    }
  });

  test('each gives a coded error, or a legal value, when it is cut short at any of its bytes', () => {
    for (const frame of whole) {
      const bytes = Buffer.from(frame.hex, 'hex');
      const codec = codecOf(frame);
      for (let cut = 0; cut < bytes.length; cut += 1)
        expectCoded(() => codec.decode(new Reader().reset(bytes, 0, cut)));
    }
  });

  test('each gives a coded error, or a legal value, with any of its bytes changed', () => {
    const frame = fc.constantFrom(...whole);
    fc.assert(
      fc.property(frame, fc.nat(), fc.integer({ min: 1, max: 255 }), (it, at, change) => {
        const bytes = Buffer.from(it.hex, 'hex');
        const offset = at % bytes.length;
        bytes[offset] = (bytes[offset] as number) ^ change;
        expectCoded(() => codecOf(it).decode(new Reader().reset(bytes)));
      }),
      { numRuns: 3000 },
    );
  });
});

test('what the peers broke on purpose is refused with a code', () => {
  const refused = recorded.filter(
    (frame) =>
      frame.kind === 'request' &&
      /truncated body|without its end|op of an unknown type|read inside|write inside/.test(frame.name),
  );
  expect(refused.length).toBeGreaterThan(3);
  for (const frame of refused) expect(() => decodeRequest(Buffer.from(frame.hex, 'hex'))).toThrow(WireError);
});

test('random bytes are refused with a code, or read as a request; nothing else happens', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(ops)), fc.uint8Array({ maxLength: 200 }), (row, bytes) => {
      expectCoded(() => row.request.decode(new Reader().reset(Buffer.from(bytes))));
      expectCoded(() => row.reply.decode(new Reader().reset(Buffer.from(bytes))));
    }),
    { numRuns: 3000 },
  );
});

function expectCoded(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(WireError);
  }
}
