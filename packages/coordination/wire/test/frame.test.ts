import { describe, expect, test } from '@jest/globals';
import { FrameSplitter, Writer } from '@reeve/wire';
import fc from 'fast-check';

function framed(bodies: readonly Uint8Array[]): Buffer {
  const writer = new Writer(16);
  for (const body of bodies) {
    const start = writer.beginFrame();
    writer.raw(body);
    writer.endFrame(start);
  }
  return writer.take();
}

function split(chunks: readonly Uint8Array[], bytesMax?: number): string[] {
  const splitter = new FrameSplitter(bytesMax);
  const frames: string[] = [];
  for (const chunk of chunks) {
    splitter.push(Buffer.from(chunk), (bytes, start, end) => frames.push(bytes.toString('hex', start, end)));
  }
  return frames;
}

describe('FrameSplitter', () => {
  test('finds the same frames however the stream is cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 }),
        (bodies, sizes) => {
          const stream = framed(bodies);
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < stream.length; i += 1) {
            const size = sizes[i % sizes.length] as number;
            chunks.push(stream.subarray(at, at + size));
            at += size;
          }
          expect(split(chunks)).toEqual(bodies.map((body) => Buffer.from(body).toString('hex')));
        },
      ),
    );
  });

  test('hands on the frames of one chunk in place, without a copy', () => {
    const stream = framed([Buffer.from('ab'), Buffer.from('cd')]);
    const seen: boolean[] = [];
    new FrameSplitter().push(stream, (bytes) => seen.push(bytes === stream));
    expect(seen).toEqual([true, true]);
  });

  test.each([
    ['above the limit', [0, 0, 0, 101], 101],
    ['below zero', [255, 255, 255, 255], -1],
  ])('refuses a length %s', (_, header, length) => {
    expect(() => split([Buffer.from(header)], 100)).toThrow(
      expect.objectContaining({ code: 'frame_too_large', facts: { code: 'frame_too_large', length, limit: 100 } }),
    );
  });

  test('refuses such a length also where the header itself is split', () => {
    expect(() => split([Buffer.from([0, 0]), Buffer.from([0, 101])], 100)).toThrow(
      expect.objectContaining({ code: 'frame_too_large' }),
    );
  });

  test('an announced frame costs no memory before its bytes arrive', () => {
    const splitter = new FrameSplitter(1 << 30);
    splitter.push(Buffer.from([0x3f, 0, 0, 0, 1]), () => undefined);
    expect(splitter.pending).toBe(5);
  });
});
