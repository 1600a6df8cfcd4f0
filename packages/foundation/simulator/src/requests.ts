import { createFlags, type OpName, openAcl, ops, type RequestOf, Writer } from '@reeve/wire';

/** What a client may wish for, by the word it has in a plan. */
export const wishes = [
  'create',
  'ephemeral',
  'sequential',
  'set',
  'cas',
  'delete',
  'read',
  'syncread',
  'watch',
  'children',
  'multi',
] as const;

/** One of them. */
export type Wish = (typeof wishes)[number];

/** An operation with what it sends. */
export interface Request {
  readonly op: OpName;
  readonly body: unknown;
}

/** What wishes are made into requests with. */
export interface WishContext {
  readonly path: string;
  /** Data that nobody else writes. */
  readonly data: Buffer;
  /** The version that the client saw last. */
  readonly version: number;
}

/** The requests of a wish, in their order. */
export function requestsOf(wish: Wish, { path, data, version }: WishContext): Request[] {
  const create = (mode: keyof typeof createFlags, at: string) =>
    asked('create', { path: at, data, acl: openAcl, flags: createFlags[mode] });
  switch (wish) {
    case 'create':
      return [create('persistent', path)];
    case 'ephemeral':
      return [create('ephemeral', path)];
    case 'sequential':
      return [create('persistent_sequential', `${path}-`)];
    case 'set':
      return [asked('setData', { path, data, version: -1 })];
    case 'cas':
      return [asked('setData', { path, data, version })];
    case 'delete':
      return [asked('delete', { path, version: -1 })];
    case 'read':
      return [asked('getData', { path, watch: false })];
    case 'syncread':
      return [asked('sync', { path }), asked('getData', { path, watch: false })];
    case 'watch':
      return [asked('getData', { path, watch: true })];
    case 'children':
      return [asked('getChildren', { path: '/', watch: false })];
    case 'multi':
      return [
        asked('multi', [
          { op: 'setData', path, data, version: -1 },
          { op: 'create', path: `${path}-m`, data, acl: openAcl, flags: createFlags.persistent },
          { op: 'delete', path: `${path}-m`, version: -1 },
        ]),
      ];
  }
}

/** A request's frame, with its length. */
export function requestFrame(xid: number, { op, body }: Request): Buffer {
  const writer = new Writer(128);
  const frame = writer.beginFrame();
  writer.int(xid);
  writer.int(ops[op].code);
  (ops[op].request as { encode(writer: Writer, value: unknown): void }).encode(writer, body);
  writer.endFrame(frame);
  return writer.take();
}

function asked<N extends OpName>(op: N, body: RequestOf<N>): Request {
  return { op, body };
}
