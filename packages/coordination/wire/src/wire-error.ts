import { CodedError } from '@reeve/base';

/** Why bytes could not be read as the protocol: which rule they break, and where in the frame. */
export type WireFacts =
  | { readonly code: 'frame_truncated'; readonly offset: number; readonly needed: number }
  | { readonly code: 'frame_too_large'; readonly length: number; readonly limit: number }
  | { readonly code: 'frame_malformed'; readonly offset: number; readonly what: string };

/** The peer sent, or was about to be sent, bytes that are not the protocol. */
export class WireError extends CodedError<WireFacts> {
  constructor(facts: WireFacts) {
    super(facts, messageFor(facts));
  }
}

function messageFor(facts: WireFacts): string {
  switch (facts.code) {
    case 'frame_truncated':
      return `the frame ends at byte ${facts.offset} where ${facts.needed} more bytes are due`;
    case 'frame_too_large':
      return `a frame of ${facts.length} bytes is announced; at most ${facts.limit} are allowed (jute.maxbuffer)`;
    case 'frame_malformed':
      return `byte ${facts.offset} of the frame: ${facts.what}`;
  }
}
