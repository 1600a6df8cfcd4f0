/** Who can be reached: members by their ids, clients by numbers above them. */
export type Place = number;

/** One end of a stream. */
export interface StreamEnd {
  readonly place: Place;
  /** Some bytes came; they end where something that was sent ended. */
  take(bytes: Buffer): void;
  /** The stream is over, for whatever reason. */
  over(): void;
}

/** One's own side of a stream. */
export interface Stream {
  send(bytes: Buffer): void;
  /** Bytes that have not arrived. */
  readonly backlogBytes: number;
  /** Ends the stream after what was sent. This side hears nothing more of it. */
  end(): void;
}
