import { bool, buffer, type Codec, int, long, record, type ValueOf } from './jute.ts';
import { sessionId } from './session-id.ts';

const requestFields = { protocolVersion: int, lastZxidSeen: long, timeoutMs: int, sessionId, password: buffer };
const replyFields = { protocolVersion: int, timeoutMs: int, sessionId, password: buffer };

/**
 * The first frame of a client. `readOnly` says that the client would take a member without a quorum; clients before
 * 3.4 leave the byte out, which reads as `undefined`.
 */
export const connectRequest = withReadOnly(record(requestFields));
/** The first frame of a server. A `timeoutMs` of 0 means that the session has expired. */
export const connectReply = withReadOnly(record(replyFields));

/** A connect request, decoded. */
export type ConnectRequest = ValueOf<typeof connectRequest>;
/** A connect reply, decoded. */
export type ConnectReply = ValueOf<typeof connectReply>;

function withReadOnly<T extends object>(fields: Codec<T>): Codec<T & { readonly readOnly: boolean | undefined }> {
  return {
    bytesMin: fields.bytesMin,
    encode(writer, value) {
      fields.encode(writer, value);
      if (value.readOnly !== undefined) bool.encode(writer, value.readOnly);
    },
    decode(reader) {
      const value = fields.decode(reader);
      return { ...value, readOnly: reader.remaining > 0 ? reader.bool() : undefined };
    },
  };
}
