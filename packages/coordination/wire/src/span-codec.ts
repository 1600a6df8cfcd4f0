import type { Codec } from './jute.ts';
import { Span } from './span.ts';

/** jute `buffer` as a span of the frame. */
export const span: Codec<Span | null> = {
  bytesMin: 4,
  encode: (writer, value) => (value === null ? writer.int(-1) : writer.span(value)),
  decode: (reader) => reader.span(),
};

/** The data that a request brings: who asks has a buffer, and who is asked reads a span of the frame. */
export const data: Codec<Buffer | Span | null> = {
  bytesMin: span.bytesMin,
  encode: (writer, value) => (value instanceof Span ? writer.span(value) : writer.buffer(value)),
  decode: span.decode,
};
